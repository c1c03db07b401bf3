/** What is known of an upload, wherever it is known from. Sizes are bytes. */
export interface ProgressFacts {
  id: string;
  fileId: string;
  fileName: string;
  status: string;
  failureCode: string | null;
  offsetBytes: number;
  totalBytes: number | null;
  createdAt: Date;
  updatedAt: Date;
  receivedAt: Date | null;
  completedAt: Date | null;
  cancelledAt: Date | null;
}

/** How an upload is getting on, as its owner sees it. */
export interface ProgressView {
  uploadId: string;
  fileId: string;
  fileName: string;
  status: string;
  failureCode: string | null;
  bytesUploaded: number;
  totalBytes: number | null;
  percentComplete: number | null;
  phasePercent: number | null;
  speed: number | null;
  remainingTime: number | null;
  startTime: string;
  lastUpdateTime: string;
  completedTime: string | null;
  cancelledTime: string | null;
}

/**
 * Derives what can be said honestly from the facts: `percentComplete` of the bytes received, `phasePercent` of the
 * current status, `speed` in bytes a second since the start, `remainingTime` in seconds. Null is "not known".
 */
export function progressView(facts: ProgressFacts, now: Date): ProgressView {
  const { status, offsetBytes: bytes, totalBytes: total } = facts;
  const transferring = status === 'uploading';
  const percentComplete = percent(bytes, total);
  const seconds =
    ((facts.receivedAt ?? (transferring ? now : facts.updatedAt)).getTime() - facts.createdAt.getTime()) /
    1000;
  const speed = bytes > 0 && seconds > 0 ? Math.round(bytes / seconds) : null;
  const remaining =
    transferring && total !== null && speed ? Math.max(0, Math.ceil((total - bytes) / speed)) : null;
  return {
    uploadId: facts.id,
    fileId: facts.fileId,
    fileName: facts.fileName,
    status,
    failureCode: facts.failureCode,
    bytesUploaded: bytes,
    totalBytes: total,
    percentComplete,
    phasePercent: transferring ? percentComplete : status === 'completed' ? 100 : null,
    speed,
    remainingTime: remaining,
    startTime: facts.createdAt.toISOString(),
    lastUpdateTime: facts.updatedAt.toISOString(),
    completedTime: facts.completedAt?.toISOString() ?? null,
    cancelledTime: facts.cancelledAt?.toISOString() ?? null,
  };
}

/** Whole percents, so that 100 means all of it. */
function percent(part: number, whole: number | null): number | null {
  if (whole === null) return null;
  return whole === 0 ? 100 : Math.min(100, Math.floor((part / whole) * 100));
}

const OPEN = new Set(['uploading', 'received', 'encrypting']);

/**
 * Whether an upload's bytes lie in staging, charged to its owner. A sealing that was given up keeps them: a person may
 * ask for another try.
 */
export function holdsStaging({
  status,
  failureCode,
}: {
  status: string;
  failureCode: string | null;
}): boolean {
  return OPEN.has(status) || (status === 'failed' && failureCode === 'SEALING_FAILED');
}

/** The same as a condition on rows of `uploads upload`. */
export const HOLDS_STAGING = `(upload.status IN ('uploading', 'received', 'encrypting')
    OR (upload.status = 'failed' AND upload.failure_code = 'SEALING_FAILED'))`;

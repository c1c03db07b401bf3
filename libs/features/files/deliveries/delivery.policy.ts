/** How long after its beginning a broken delivery may be finished. */
export const RIDE_MS = 60 * 60 * 1000;

/**
 * What may have lain in buffers, unread, when a connection broke: bytes that had left this process are not yet bytes
 * that somebody has. (Linux buffers up to 4 MiB here and 6 MiB there.) So much is forgiven to a delivery in all, and never
 * more than its size.
 */
export const FORGIVEN_BYTES = 16 * 1024 * 1024;

/** How long a finished answer may still turn out to be broken: the client's reset comes after our last byte. */
export const RESET_GRACE_MS = 1_500;

/** How long a finisher waits for the end of what it finishes to be noticed, while there are slots it could take instead. */
export const PATIENCE_MS = 1_000;

/** Of a share or a file, what counting looks at. */
export interface Countable {
  maxDownloads: number | null;
  downloadCount: number;
}

export function isExhausted({ maxDownloads, downloadCount }: Countable): boolean {
  return maxDownloads !== null && downloadCount >= maxDownloads;
}

/** How many bytes a delivery may send in all, over all its requests: its size and a tenth. */
export function allowance(size: number): number {
  return size + Math.floor(size / 10);
}

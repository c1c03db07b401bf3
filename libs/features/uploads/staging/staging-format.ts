import { SegmentFormat } from '@waybill/core/crypto';

/**
 * Staging parts use the construction of vault objects (AES256_GCM_HKDF streaming) with shorter segments. The nonce of
 * a segment says whether it is the last, so a writer that does not know when its client will fall silent must keep one
 * segment of plaintext in hand: 256 KiB an upload instead of 1 MiB.
 */
export const STAGING_FORMAT = new SegmentFormat({
  segmentSize: 256 * 1024,
  derivedKeySize: 32,
  hkdfHash: 'sha256',
});

/** Where an upload's parts lie in the object store. */
export function stagingPrefix(uploadId: string): string {
  return `staging/${uploadId}/`;
}

/** The key of the part that begins at `offset`; `nonce` keeps two tries at the same offset apart. */
export function stagingKey(uploadId: string, offset: number, nonce: string): string {
  return `${stagingPrefix(uploadId)}${offset}-${nonce}`;
}

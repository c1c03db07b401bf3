import { SegmentFormat } from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';

/**
 * Staging parts use the construction of vault objects (AES256_GCM_HKDF streaming) with shorter segments. The nonce of
 * a segment says whether it is the last, so a writer that does not know when its client will fall silent must keep one
 * segment in hand: 256 KiB an upload instead of 1 MiB.
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

/** A key for one of its parts, which no other has. When it is made, nobody needs to know where the part will begin. */
export function newStagingKey(uploadId: string): string {
  return `${stagingPrefix(uploadId)}${uuidv7()}`;
}

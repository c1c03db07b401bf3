import { createChecksumVerifier, type ChecksumAlgorithm, type ChecksumVerifier } from '@waybill/core/crypto';
import { AppError } from '@waybill/core/kernel';
import { decodeBase64 } from './base64';

export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = ['sha1', 'sha256'];

/**
 * Reads `Upload-Checksum` (tus 1.0.0, "Checksum"): the name of an algorithm, a space, a digest in Base64. Null when
 * there is none.
 *
 * @throws AppError VALIDATION_FAILED naming the header.
 */
export function readChecksum(header: string | undefined): ChecksumVerifier | null {
  if (header === undefined) return null;
  const [name, encoded, ...rest] = header.split(' ');
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === name);
  if (!algorithm) throw invalid(`must name one of ${CHECKSUM_ALGORITHMS.join(', ')}`);
  const digest = rest.length > 0 || encoded === undefined ? null : decodeBase64(encoded);
  if (digest === null) throw invalid('must be an algorithm, a space and the digest in Base64');
  try {
    return createChecksumVerifier(algorithm, digest);
  } catch {
    throw invalid(`has a digest that is none of ${algorithm}`);
  }
}

export function checksumMismatch(): AppError {
  return new AppError('CHECKSUM_MISMATCH', 'The bytes have another checksum. None of them was taken.');
}

function invalid(detail: string): AppError {
  return new AppError('VALIDATION_FAILED', 'The checksum cannot be read.', {
    errors: [{ pointer: 'Upload-Checksum', detail }],
  });
}

export { fileAad, stagingAad } from './associated-data';
export { BlockPool, type BlockMemory } from './block-pool';
export { BOX_OVERHEAD_BYTES, openBox, sealBox } from './box';
export { KEY_BYTES, WRAPPED_DEK_BYTES, generateDek, unwrapDek, wrapDek, type DekContext } from './dek';
export { deriveKey, deriveSecretKey, deriveToken } from './derive';
export {
  constantTimeEqual,
  createChecksumVerifier,
  createSha256,
  keyedHash,
  sha256,
  type ChecksumAlgorithm,
  type ChecksumVerifier,
  type Sha256,
} from './hash';
export {
  PASSWORD_MAX_CHARACTERS,
  PASSWORD_MIN_CHARACTERS,
  passwordProblem,
  type CommonPasswords,
} from './password-policy';
export { weakKeyReason, weakSecretReason } from './secret-strength';
export { SegmentDecryptor, type SegmentDecryptorOptions } from './segment-decryptor';
export { SegmentEncryptor, type SegmentEncryptorOptions } from './segment-encryptor';
export {
  AES256_GCM_HKDF_1MB,
  MAX_SEGMENTS,
  NONCE_PREFIX_BYTES,
  SegmentFormat,
  TAG_BYTES,
  type HkdfHash,
  type SegmentFormatOptions,
} from './segment-format';
export {
  plaintextSize,
  sealedSize,
  segmentCount,
  segmentForOffset,
  segmentPlaintextRange,
  segmentRange,
  segmentsForRange,
  type ByteRange,
  type SegmentSpan,
} from './segment-layout';
export { Sha256Thread } from './sha256-thread';
export { hashToken, isCanonicalBase64url, randomBytes, randomToken } from './tokens';
export { wipe } from './wipe';

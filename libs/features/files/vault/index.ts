export { BufferPool } from './buffer-pool';
export { RangeSender, type SendOutcome } from './range-sender';
export { VaultObject } from './vault-object';
export { VaultReader, type SealedFile } from './vault-reader';

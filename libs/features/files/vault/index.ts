export { BufferPool } from './buffer-pool';
export type { ByteSource } from './byte-source';
export { RangeSender, type SendOutcome } from './range-sender';
export { UNCOUNTED, type SendingAccount } from './sending-account';
export { VaultObject } from './vault-object';
export { VaultReader, type SealedFile } from './vault-reader';

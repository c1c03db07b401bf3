export { createKeyringFile } from './create-keyring-file';
export { KeyringFile } from './keyring-file';
export { FileKeyring } from './file-keyring';
export type { KeyringKey } from './keyring-document';
export { Keyring, type WrappedDek } from './keyring';
export { KeyringModule } from './keyring.module';

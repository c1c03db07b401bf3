export { createKeyringFile } from './create-keyring-file';
export { FileKeyring } from './file-keyring';
export { Keyring, type WrappedDek } from './keyring';
export { KeyringModule } from './keyring.module';

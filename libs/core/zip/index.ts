export { Crc32 } from './crc32';
export { distinctNames } from './entry-names';
export { zipLayout, type ZipEntry, type ZipLayout, type ZipPiece } from './zip-layout';

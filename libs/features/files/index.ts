export { DEFAULT_FILE_ATTRIBUTES, parseFileAttributes, type FileAttributes } from './file.attributes';
export { DeliverySweeper } from './deliveries/delivery-sweeper';
export { FileSweeper } from './file-sweeper';
export { FilesApiModule, FilesModule } from './files.module';
export { FilesService, type SealedNewFile } from './files.service';
export { PendingFiles } from './pending-files';
export { StorageUsageService } from './storage-usage.service';
export { VaultReader, type SealedFile, type VaultObject } from './vault';

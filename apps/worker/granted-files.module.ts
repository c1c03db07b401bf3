import { Global, Module } from '@nestjs/common';
import { FilesModule, FilesService } from '@waybill/features/files';
import { GrantedFiles } from '@waybill/features/notifications';

/** Lets mails say of files what files know. */
@Global()
@Module({
  imports: [FilesModule],
  providers: [
    {
      provide: GrantedFiles,
      inject: [FilesService],
      useFactory: (files: FilesService): GrantedFiles => ({
        find: (fileId, client) => files.findFor(client, fileId),
        findExpiring: (fileId, ownerId) => files.findExpiring(ownerId, fileId),
      }),
    },
  ],
  exports: [GrantedFiles],
})
export class GrantedFilesModule {}

import { Global, Injectable, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PendingFiles } from '@waybill/features/files';
import { Upload, UploadPart } from './upload.entity';
import { UploadRepository } from './upload.repository';

@Injectable()
class PendingUploads extends PendingFiles {
  constructor(private readonly uploads: UploadRepository) {
    super();
  }

  async statusOf(fileId: string, userId: string): Promise<'pending' | null> {
    return (await this.uploads.isPending(fileId, userId)) ? 'pending' : null;
  }
}

/** Tells files, which know nothing of uploads, which of their ids are still on their way. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([Upload, UploadPart])],
  providers: [UploadRepository, { provide: PendingFiles, useClass: PendingUploads }],
  exports: [PendingFiles],
})
export class PendingUploadsModule {}

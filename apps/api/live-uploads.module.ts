import { Global, Module } from '@nestjs/common';
import { LiveUploads } from '@waybill/features/notifications';
import { OwnerProgress } from '@waybill/features/progress';

/** Lets sockets show what progress knows. */
@Global()
@Module({ providers: [{ provide: LiveUploads, useExisting: OwnerProgress }], exports: [LiveUploads] })
export class LiveUploadsModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FilesApiModule } from '@waybill/features/files';
import { PasswordsModule } from '@waybill/platform/passwords';
import { ShareAccess } from './share-access';
import { ShareBytesController } from './share-bytes.controller';
import { Share, ShareFile } from './share.entity';
import { ShareLinks } from './share-links';
import { SharePageController } from './share-page.controller';
import { SharePages } from './share-pages';
import { ShareRepository } from './share.repository';
import { ShareSweeper } from './share-sweeper';
import { SharesController } from './shares.controller';
import { SharesService } from './shares.service';
import { ShareTickets } from './share-tickets';
import { ShareUnlocking } from './share-unlocking';

/** What the worker needs of shares: their end. */
@Module({
  imports: [TypeOrmModule.forFeature([Share, ShareFile])],
  providers: [ShareRepository, ShareSweeper],
  exports: [ShareRepository, ShareSweeper],
})
export class SharesModule {}

/** Links to files for whoever holds them; for the API. */
@Module({
  imports: [SharesModule, FilesApiModule, PasswordsModule],
  controllers: [SharesController, ShareBytesController, SharePageController],
  providers: [SharesService, ShareAccess, ShareLinks, SharePages, ShareTickets, ShareUnlocking],
})
export class SharingModule {}

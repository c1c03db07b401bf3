import { Module } from '@nestjs/common';
import { FilesModule } from '@waybill/features/files';
import { SearchController } from './search.controller';
import { SearchRepository } from './search.repository';
import { SearchService } from './search.service';

/** Looking for files. Its route lies where files have their ids: it comes before theirs in the API. */
@Module({
  imports: [FilesModule],
  controllers: [SearchController],
  providers: [SearchRepository, SearchService],
})
export class SearchModule {}

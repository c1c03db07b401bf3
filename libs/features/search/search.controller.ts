import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal, Paged, Scope } from '@waybill/platform/http';
import { FileSearchQuery, FoundPageDto } from './search.dto';
import { SearchService } from './search.service';

/** Looking for files. */
@ApiTags('Files')
@ApiBearerAuth()
@Controller('files/search')
export class SearchController {
  constructor(private readonly searches: SearchService) {}

  @Get()
  @Scope('files:read')
  @ApiOperation({
    operationId: 'searchFiles',
    summary: 'Search files',
    description:
      'Ops search what they own, clients what is available to them. By relevance, the best of the newest come first: matches are ranked some thousand files at a time, from the newest on.',
  })
  @Paged(FoundPageDto, 'A page of them.')
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'DEPENDENCY_UNAVAILABLE')
  async search(
    @CurrentPrincipal() principal: Principal,
    @Query() query: FileSearchQuery,
  ): Promise<FoundPageDto> {
    return this.searches.page(principal, query);
  }
}

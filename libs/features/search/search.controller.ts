import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { ApiProblems, CurrentPrincipal, Scope, setNextLink } from '@waybill/platform/http';
import type { Request, Response } from 'express';
import { FileSearchQuery, FoundPageDto } from './search.dto';
import { SearchService } from './search.service';

/** Looking for files. */
@ApiTags('Files')
@ApiBearerAuth()
@Controller('files/search')
export class SearchController {
  constructor(
    private readonly searches: SearchService,
    private readonly config: AppConfig,
  ) {}

  @Get()
  @Scope('files:read')
  @ApiOperation({
    operationId: 'searchFiles',
    summary: 'Search files',
    description:
      'Ops search what they own, clients what is available to them. By relevance, the best of the newest come first: matches are ranked some thousand files at a time, from the newest on.',
  })
  @ApiOkResponse({
    type: FoundPageDto,
    headers: { Link: { schema: { type: 'string' }, description: 'The next page.' } },
  })
  @ApiProblems('VALIDATION_FAILED', 'UNAUTHENTICATED', 'DEPENDENCY_UNAVAILABLE')
  async search(
    @CurrentPrincipal() principal: Principal,
    @Query() query: FileSearchQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FoundPageDto> {
    const page = await this.searches.page(principal, query);
    setNextLink(request, response, this.config.http.publicUrl, page.nextCursor);
    return page;
  }
}

import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@waybill/core/kernel';
import { ApiProblems, CurrentPrincipal } from '@waybill/platform/http';
import { MailPreferencesService } from './mail-preferences.service';
import { PreferencesChangesDto, PreferencesDto } from './preferences.dto';

/** What people want to hear of. */
@ApiTags('Notifications')
@ApiBearerAuth()
@Controller('auth/me/preferences')
export class PreferencesController {
  constructor(private readonly preferences: MailPreferencesService) {}

  @Get()
  @ApiOperation({
    operationId: 'getPreferences',
    summary: 'See which mails you get',
    description: 'Mails that can be switched off, and whether they are on. At first all of them are.',
  })
  @ApiOkResponse({ type: PreferencesDto, description: 'Your preferences.' })
  @ApiProblems('UNAUTHENTICATED', 'FORBIDDEN')
  async show(@CurrentPrincipal() { userId }: Principal): Promise<PreferencesDto> {
    return { mails: await this.preferences.of(userId) };
  }

  @Patch()
  @ApiOperation({
    operationId: 'updatePreferences',
    summary: 'Switch mails off and on',
    description: 'Counts for every mail that is sent from now on, also for what happened before.',
  })
  @ApiOkResponse({ type: PreferencesDto, description: 'Your preferences.' })
  @ApiProblems('VALIDATION_FAILED', 'MALFORMED_BODY', 'UNAUTHENTICATED', 'FORBIDDEN', 'UNSUPPORTED_FILE_TYPE')
  async change(
    @CurrentPrincipal() { userId }: Principal,
    @Body() { mails = {} }: PreferencesChangesDto,
  ): Promise<PreferencesDto> {
    return { mails: await this.preferences.change(userId, mails) };
  }
}

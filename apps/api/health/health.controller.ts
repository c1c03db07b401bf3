import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError } from '@waybill/core/kernel';
import { ApiProblems, Public, Uncounted } from '@waybill/platform/http';
import { ReadinessChecks, type Readiness } from '@waybill/platform/observability';
import { LiveDto, ReadyDto } from './health.dto';

@ApiTags('Operations')
@Controller('health')
@Public()
@Uncounted()
export class HealthController {
  constructor(private readonly readiness: ReadinessChecks) {}

  @Get('live')
  @ApiOperation({
    operationId: 'isLive',
    summary: 'Whether the process lives',
    description: 'Asks nothing and nobody: whoever does not answer here is to be restarted.',
  })
  @ApiOkResponse({ type: LiveDto, description: 'It lives.' })
  live(): LiveDto {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({
    operationId: 'isReady',
    summary: 'Whether requests are welcome',
    description:
      'Otherwise `errors` names what is down; while the process shuts down, nothing is asked any more. `notes` tells an operator what wants looking at although requests are welcome.',
  })
  @ApiOkResponse({ type: ReadyDto, description: 'They are.' })
  @ApiProblems('DEPENDENCY_UNAVAILABLE')
  async ready(): Promise<ReadyDto> {
    const state = await this.readiness.ask();
    if (!state.ready) throw notReady(state);
    return { status: 'ready', checks: state.checks, notes: state.notes };
  }
}

function notReady({ draining, checks }: Readiness): AppError {
  const down = Object.keys(checks).filter((name) => checks[name] === 'down');
  const detail = draining ? 'This instance is shutting down.' : `Not available: ${down.join(', ')}.`;
  return new AppError('DEPENDENCY_UNAVAILABLE', detail, {
    retryAfterSeconds: 2,
    errors: down.map((pointer) => ({ pointer, detail: 'is down' })),
  });
}

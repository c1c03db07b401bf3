import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { AppError } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';
import { ApiProblems, Public, Uncounted } from '@waybill/platform/http';
import { bearerIs, Metrics } from '@waybill/platform/observability';
import type { Response } from 'express';

/** The figures of this instance, for whoever holds `METRICS_TOKEN`. No account opens it, and no account is needed. */
@ApiTags('Operations')
@Controller('metrics')
@Public()
@Uncounted()
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly config: AppConfig,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Read the metrics of this instance',
    description:
      'In the text format of Prometheus. The bearer token is the setting `METRICS_TOKEN`; without that setting the route is as unknown as any.',
  })
  @ApiSecurity('metricsToken')
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'All figures.',
    content: {
      'text/plain': { schema: { type: 'string' }, example: 'waybill_http_requests_running 1\n' },
    },
  })
  @ApiProblems('UNAUTHENTICATED', 'NOT_FOUND')
  async read(
    @Headers('authorization') authorization: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const { token } = this.config.metrics;
    if (token === null) throw AppError.notFound();
    if (!bearerIs(authorization, token)) {
      throw new AppError('UNAUTHENTICATED', 'The metrics token is needed.');
    }
    const text = await this.metrics.text();
    response.setHeader('Content-Type', this.metrics.contentType);
    response.end(text);
  }
}

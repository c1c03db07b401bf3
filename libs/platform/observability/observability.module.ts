import { Global, Module } from '@nestjs/common';
import { Drain } from './drain';
import { HttpMetrics } from './http-metrics';
import { Metrics } from './metrics';
import { ReadinessChecks } from './readiness';
import { ReadinessMetrics } from './readiness-metrics';

/** Readiness, draining and figures, for every process that serves or works. */
@Global()
@Module({
  providers: [Drain, ReadinessChecks, Metrics, HttpMetrics, ReadinessMetrics],
  exports: [Drain, ReadinessChecks, Metrics, HttpMetrics],
})
export class ObservabilityModule {}

import { Global, Module } from '@nestjs/common';
import { Drain } from './drain';
import { ReadinessChecks } from './readiness';

/** Readiness and draining, for every process that serves or works. */
@Global()
@Module({ providers: [Drain, ReadinessChecks], exports: [Drain, ReadinessChecks] })
export class ObservabilityModule {}

import { Module, type OnModuleInit } from '@nestjs/common';
import { Database } from '@waybill/platform/database';
import { ReadinessChecks } from '@waybill/platform/observability';
import { ObjectStores } from '@waybill/platform/storage';
import { HealthController } from './health.controller';

/** Whether the process lives, and whether requests are welcome. Redis registers its own check. */
@Module({ controllers: [HealthController] })
export class HealthModule implements OnModuleInit {
  constructor(
    private readonly readiness: ReadinessChecks,
    private readonly database: Database,
    private readonly stores: ObjectStores,
  ) {}

  onModuleInit(): void {
    this.readiness.register('database', () => this.database.check());
    this.readiness.register('storage', () => this.stores.default.check());
  }
}

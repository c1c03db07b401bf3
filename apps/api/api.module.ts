import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditApiModule } from '@waybill/features/audit';
import { AuthModule, JwtAuthGuard, RolesGuard, ScopesGuard } from '@waybill/features/auth';
import { FilesApiModule } from '@waybill/features/files';
import { NotificationsApiModule } from '@waybill/features/notifications';
import { SharingModule } from '@waybill/features/sharing';
import { SearchModule } from '@waybill/features/search';
import { UploadsModule } from '@waybill/features/uploads';
import { RedisModule } from '@waybill/platform/cache';
import { ConfigModule } from '@waybill/platform/config';
import { DatabaseModule } from '@waybill/platform/database';
import { EventsModule } from '@waybill/platform/events';
import { HttpModule, LiveModule, RateLimitGuard } from '@waybill/platform/http';
import { IdempotencyModule } from '@waybill/platform/idempotency';
import { KeyringModule } from '@waybill/platform/keyring';
import { ObjectsModule } from '@waybill/platform/objects';
import { ObservabilityModule } from '@waybill/platform/observability';
import { QueueModule } from '@waybill/platform/queue';
import { StorageModule } from '@waybill/platform/storage';
import { HealthController } from './health/health.controller';
import { LiveUploadsModule } from './live-uploads.module';
import { MetricsController } from './metrics/metrics.controller';
import { QueueBoardModule } from './queue-board/queue-board.module';

/** Everything that is asked over HTTP. */
@Module({
  imports: [
    ConfigModule,
    ObservabilityModule,
    DatabaseModule,
    RedisModule,
    EventsModule,
    IdempotencyModule,
    KeyringModule,
    ObjectsModule,
    StorageModule,
    QueueModule.forProducers(),
    HttpModule,
    LiveModule,
    AuthModule,
    SearchModule, // Before the routes with ids, one of which its address looks like.
    FilesApiModule,
    SharingModule,
    UploadsModule,
    NotificationsApiModule,
    LiveUploadsModule,
    AuditApiModule,
    QueueBoardModule,
  ],
  controllers: [HealthController, MetricsController],
  providers: [
    // In this order: who asks, whether it is too often, then what they may.
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
    { provide: APP_GUARD, useClass: ScopesGuard },
  ],
})
export class ApiModule {}

import { Global, Module } from '@nestjs/common';
import { ObservabilityModule } from '@waybill/platform/observability';
import { LiveConnections } from './live-connections';
import { PrincipalWatch } from './principal-watch';

/** What connections need that stay open. Needs a `PrincipalSource`. */
@Global()
@Module({
  imports: [ObservabilityModule],
  providers: [LiveConnections, PrincipalWatch],
  exports: [LiveConnections, PrincipalWatch],
})
export class LiveModule {}

import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AuditLog } from '@waybill/platform/audit';
import { AppConfig, ConfigError } from '@waybill/platform/config';
import { Drain, HttpMetrics, type WaybillLogger } from '@waybill/platform/observability';
import { IntakeGuard } from './body/intake.guard';
import { RequestValidationPipe } from './body/validation.pipe';
import { ProblemFilter } from './problems/problem.filter';
import { answerBrokenRequests, boundHeads } from './request/broken-request';
import { continueWhenRead } from './request/expect-continue';
import { frontDoor } from './request/front-door';

/** Pages for people that live beside the API. */
const OUTSIDE_OF_PREFIX = ['s/:token'];

/** Where the routes of controllers live; also for whoever describes an application without running it. */
export function setPrefix(app: INestApplication): void {
  app.setGlobalPrefix('api', { exclude: OUTSIDE_OF_PREFIX });
}

/**
 * Gives an application (created with `bodyParser: false`) the manners of API.md, and initialises it. Guards that modules
 * register with APP_GUARD run before those named here.
 *
 * @param addRoutes adds what is no controller (static files), so that it stands behind the front door.
 */
export async function configureHttp(
  app: NestExpressApplication,
  logger: WaybillLogger,
  addRoutes?: () => void,
): Promise<NestExpressApplication> {
  const config = app.get(AppConfig);
  const filter = new ProblemFilter(config, app.get(AuditLog));
  app.disable('x-powered-by');
  app.disable('etag'); // Entity tags are of revisions and contents; Express would hash each body once more.
  trustProxy(app, config);
  app.use(
    frontDoor({
      logger,
      drain: app.get(Drain),
      metrics: app.get(HttpMetrics),
      corsOrigins: config.http.corsOrigins,
    }),
  );
  setPrefix(app);
  app.useGlobalGuards(new IntakeGuard());
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(filter);
  addRoutes?.();
  await app.init();
  // After the routes: what lies outside of the prefix never reaches Nest.
  app.use(filter.onMiss);
  app.use(filter.onError);
  boundHeads(app.getHttpServer());
  continueWhenRead(app.getHttpServer());
  answerBrokenRequests(app.getHttpServer());
  return app;
}

function trustProxy(app: NestExpressApplication, config: AppConfig): void {
  try {
    app.set('trust proxy', config.http.trustProxy);
  } catch {
    throw new ConfigError(['TRUST_PROXY is wrong: it must be true, false, a number of hops, or addresses']);
  }
}

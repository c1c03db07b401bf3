import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { buildOpenApi } from './openapi/document';

const PATH = 'api/docs';

/** The page brings its own scripts and talks to this server alone; it writes styles inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

/** Swagger UI at `/api/docs`, the document at `/api/docs-json`. The document is built when it is first asked for. */
export function serveDocs(app: NestExpressApplication): void {
  app.use(`/${PATH}`, (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('Cache-Control', 'no-cache');
    next();
  });
  SwaggerModule.setup(PATH, app, () => buildOpenApi(app), {
    raw: ['json'],
    customSiteTitle: 'Waybill API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      filter: true,
      validatorUrl: null,
    },
  });
}

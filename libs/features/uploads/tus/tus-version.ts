import { TUS_RESUMABLE } from '@tus/server';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { TUS_PATH } from './tus-door';

/**
 * Lets every answer at the resumable door name its version (tus 1.0.0, "Tus-Resumable"), also those of the guards, which
 * never come to the door.
 */
export function nameTusVersion(app: NestExpressApplication): void {
  app.use(TUS_PATH, (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Tus-Resumable', TUS_RESUMABLE);
    next();
  });
}

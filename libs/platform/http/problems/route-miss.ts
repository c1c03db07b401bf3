import { NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppError } from '@waybill/core/kernel';
import { allowedMethods } from './allowed-methods';

/** Whether an error is Nest's word for "no route took this request". */
export function isRouteMiss(thrown: unknown, request: Request): boolean {
  return thrown instanceof NotFoundException && thrown.message.startsWith(`Cannot ${request.method} `);
}

/**
 * What to answer when no route took a request: 204 with `Allow` to OPTIONS, 405 when the address knows other methods,
 * 404 otherwise.
 *
 * @returns the error to answer with; undefined when the request is answered.
 */
export function answerRouteMiss(request: Request, response: Response): AppError | undefined {
  const path = request.originalUrl.replace(/[?#].*$/s, '');
  const allowed = allowedMethods(request.app, path);
  if (allowed.length === 0) return AppError.notFound();
  const allow = allowed.join(', ');
  if (request.method === 'OPTIONS') {
    response.setHeader('Allow', allow);
    response.writeHead(204).end();
    return undefined;
  }
  return new AppError('METHOD_NOT_ALLOWED', `This address takes ${allow}.`, { headers: { Allow: allow } });
}

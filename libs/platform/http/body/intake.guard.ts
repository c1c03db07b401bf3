import { SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AppError } from '@waybill/core/kernel';
import { checkAddress } from '../request/address';
import { parseForm } from './form';
import { hasBody, readBody } from './read-body';
import { parseJsonBody } from './strict-json';

/** A little over 1 MiB, so that one field of a MiB is still refused by its name. */
export const JSON_BODY_LIMITS = { bytes: 1_179_648, milliseconds: 15_000 };
const FORM_LIMITS = { bytes: 65_536, milliseconds: 15_000 };
const FORM_ACCEPTED = Symbol('form accepted');
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i;

/** Lets a route's body come from an HTML form as well. */
export const AcceptsForm = (): CustomDecorator<symbol> => SetMetadata(FORM_ACCEPTED, true);

/**
 * Lets parameters and bodies in that are sound in form, after the guards that ask who comes: nobody's body is parsed
 * for nothing. JSON (and forms, where a route takes them) becomes `request.body`; an absent body is an empty object.
 * Everything else (multipart, tus) stays on the request, unread and without `request.body`, for the route that wants it;
 * `RequestValidationPipe` refuses it with 415 where a route wanted JSON.
 */
export class IntakeGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    checkAddress(request);
    if (request.method === 'GET' || request.method === 'HEAD') return true;
    if (!hasBody(request)) {
      request.body = {};
      return true;
    }
    const type = request.headers['content-type'] ?? '';
    if (JSON_TYPE.test(type))
      return this.take(request, async () => parseJsonBody(await readBody(request, JSON_BODY_LIMITS)));
    if (FORM_TYPE.test(type) && acceptsForm(context)) {
      return this.take(request, async () => parseForm(await readBody(request, FORM_LIMITS)));
    }
    return true;
  }

  private async take(request: Request, parse: () => Promise<object>): Promise<true> {
    const coding = request.headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity') {
      throw new AppError('UNSUPPORTED_FILE_TYPE', 'A body must not be compressed.');
    }
    request.body = await parse();
    return true;
  }
}

function acceptsForm(context: ExecutionContext): boolean {
  return Reflect.getMetadata(FORM_ACCEPTED, context.getHandler()) === true;
}

import type { Request } from 'express';
import { AppError, type FieldError } from '@waybill/core/kernel';
import { isPrototypeName, textProblem } from './text';

/**
 * Refuses an address whose parameters cannot be text: U+0000 or escapes that are not UTF-8. The router
 * refuses bad escapes in the path itself; query parsers repair them silently, so that different addresses would mean the
 * same.
 *
 * @throws AppError VALIDATION_FAILED, naming the parameter.
 */
export function checkAddress(request: Request): void {
  const { originalUrl } = request;
  const query = originalUrl.indexOf('?');
  if (query === -1 && !originalUrl.includes('%')) return;
  const errors = [
    ...(query === -1 ? [] : queryErrors(originalUrl.slice(query + 1))),
    ...pathErrors(request.params),
  ];
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', 'The address is not valid.', { errors });
}

function queryErrors(query: string): FieldError[] {
  return query.split('&').flatMap((pair) => {
    const [name, value] = splitPair(pair);
    const detail = decodingProblem(name) ?? nameProblem(name) ?? decodingProblem(value);
    return detail === undefined ? [] : [{ pointer: readable(name), detail }];
  });
}

/** Validators drop these silently; silence is not what other unknown parameters get. */
function nameProblem(name: string): string | undefined {
  return isPrototypeName(decodeFormPart(name)) ? 'is not a name that a parameter may have' : undefined;
}

function pathErrors(params: Request['params']): FieldError[] {
  return Object.entries(params).flatMap(([pointer, value]) => {
    const detail = textProblem(Array.isArray(value) ? value.join('/') : value);
    return detail === undefined ? [] : [{ pointer, detail }];
  });
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** Percent-decodes one part of a form or query (application/x-www-form-urlencoded). */
export function decodeFormPart(part: string): string {
  return decodeURIComponent(part.replaceAll('+', ' '));
}

function decodingProblem(part: string): string | undefined {
  if (!part.includes('%')) return undefined;
  try {
    return textProblem(decodeFormPart(part));
  } catch {
    return 'must be percent-encoded UTF-8';
  }
}

function readable(name: string): string {
  return name.slice(0, 100);
}

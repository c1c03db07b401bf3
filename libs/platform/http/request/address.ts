import type { Request } from 'express';
import { AppError, type FieldError } from '@waybill/core/kernel';
import { textProblem } from './text';

/**
 * Refuses an address whose parameters cannot be text: U+0000 or escapes that are not UTF-8. The router refuses bad
 * escapes in the path itself; query parsers repair them silently, so that different addresses would mean the same.
 *
 * @throws AppError VALIDATION_FAILED, naming the parameter.
 */
export function checkAddress(request: Request): void {
  if (!request.originalUrl.includes('%')) return;
  const errors = [...queryErrors(request.originalUrl), ...pathErrors(request.params)];
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', 'The address is not valid.', { errors });
}

function queryErrors(url: string): FieldError[] {
  const start = url.indexOf('?');
  if (start === -1) return [];
  return url
    .slice(start + 1)
    .split('&')
    .filter((pair) => pair.includes('%'))
    .flatMap((pair) => {
      const [name, value] = splitPair(pair);
      const detail = decodingProblem(name) ?? decodingProblem(value);
      return detail === undefined ? [] : [{ pointer: readable(name), detail }];
    });
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
  try {
    return textProblem(decodeFormPart(part));
  } catch {
    return 'must be percent-encoded UTF-8';
  }
}

function readable(name: string): string {
  return name.slice(0, 100);
}

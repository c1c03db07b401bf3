import { AppError } from '@waybill/core/kernel';
import { decodeFormPart } from '../request/address';
import { isPrototypeName, textProblem } from '../request/text';

/**
 * Reads an HTML form (application/x-www-form-urlencoded): flat, UTF-8, each name once.
 *
 * @throws AppError MALFORMED_BODY, or VALIDATION_FAILED naming the field.
 */
export function parseForm(bytes: Buffer): Record<string, string> {
  const fields = new Map<string, string>();
  for (const pair of bytes.toString('latin1').split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = decode(equals === -1 ? '' : pair.slice(equals + 1));
    const detail = fields.has(name) ? 'must be there once' : (textProblem(name) ?? textProblem(value));
    if (detail !== undefined || isPrototypeName(name)) {
      const errors = [
        { pointer: `/${name.slice(0, 100)}`, detail: detail ?? 'is not a name that a field may have' },
      ];
      throw new AppError('VALIDATION_FAILED', 'The form is not valid.', { errors });
    }
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

function decode(part: string): string {
  try {
    return decodeFormPart(part);
  } catch (cause) {
    throw new AppError('MALFORMED_BODY', 'The form is not percent-encoded UTF-8.', { cause });
  }
}

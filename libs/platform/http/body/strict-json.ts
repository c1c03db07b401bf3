import { AppError, type FieldError } from '@waybill/core/kernel';
import { isPrototypeName, textProblem } from '../request/text';
import { appendPointer } from './pointer';

/** Deeper than any body of the API; validators recurse, so that depth is stack. */
const DEEPEST = 32;
/** More than any body of the API has; each value costs validation. */
const MOST_VALUES = 20_000;
const MOST_ERRORS = 50;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses the body of a request: a JSON object (RFC 8259) in UTF-8, of bounded depth and size, whose texts PostgreSQL can
 * store and whose names are harmless.
 *
 * @throws AppError MALFORMED_BODY, or VALIDATION_FAILED with a pointer to each offending place.
 */
export function parseJsonBody(bytes: Uint8Array): Record<string, unknown> {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('MALFORMED_BODY', 'The body must be a JSON object.');
  }
  const errors = inspect(value);
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', 'The body is not valid.', { errors });
  return value as Record<string, unknown>;
}

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new AppError('MALFORMED_BODY', 'The body is not UTF-8.', { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('MALFORMED_BODY', 'The body is not JSON.', { cause });
  }
}

interface Place {
  value: object;
  pointer: string;
  depth: number;
}

/** Walks without recursion: the depth is the sender's choice. */
function inspect(root: object): FieldError[] {
  const errors: FieldError[] = [];
  const open: Place[] = [{ value: root, pointer: '', depth: 1 }];
  let values = 0;
  for (let place = open.pop(); place !== undefined && errors.length < MOST_ERRORS; place = open.pop()) {
    if (place.depth > DEEPEST)
      throw new AppError('MALFORMED_BODY', `The body is nested deeper than ${DEEPEST}.`);
    const isArray = Array.isArray(place.value);
    for (const [name, value] of Object.entries(place.value)) {
      if (++values > MOST_VALUES)
        throw new AppError('MALFORMED_BODY', `The body has more than ${MOST_VALUES} values.`);
      const detail = isArray ? undefined : nameProblem(name);
      if (typeof value === 'string') {
        const problem = detail ?? textProblem(value);
        if (problem !== undefined)
          errors.push({ pointer: appendPointer(place.pointer, name), detail: problem });
      } else {
        const pointer = appendPointer(place.pointer, name);
        if (detail !== undefined) errors.push({ pointer, detail });
        if (typeof value === 'object' && value !== null)
          open.push({ value, pointer, depth: place.depth + 1 });
      }
    }
  }
  return errors;
}

function nameProblem(name: string): string | undefined {
  if (isPrototypeName(name)) return 'is not a name that a property may have';
  const problem = textProblem(name);
  return problem === undefined ? undefined : `has a name that ${problem}`;
}

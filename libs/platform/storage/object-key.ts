import { AppError } from '@waybill/core/kernel';

/** Leaves room for a suffix within the 255 bytes of a file name (NAME_MAX), as drivers may keep a key in one. */
export const OBJECT_KEY_MAX_LENGTH = 200;

const COMPONENT = '[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?';
const KEY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})+$`);
const PREFIX = /^(?:[a-z0-9](?:[a-z0-9._-]|\/(?=[a-z0-9]|$))*)?$/;

/**
 * Whether a string may name an object: at least two components (a namespace and a name within it) of lower-case letters,
 * digits, `.`, `_` and `-`, that begin and end with a letter or digit, split by `/`. What is left out is what some store
 * or file system reads in its own way: upper case, `..`, empty components, escapes, anything beyond ASCII.
 */
export function isObjectKey(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= OBJECT_KEY_MAX_LENGTH &&
    !value.includes('..') &&
    KEY.test(value)
  );
}

/** Whether some object key could begin with the string, which may be empty. */
export function isObjectKeyPrefix(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= OBJECT_KEY_MAX_LENGTH &&
    !value.includes('..') &&
    PREFIX.test(value)
  );
}

/** @throws AppError INTERNAL; the key is not repeated, as it may be made of anything */
export function assertObjectKey(value: unknown): asserts value is string {
  if (!isObjectKey(value)) throw new AppError('INTERNAL', 'That is no key of an object.');
}

/** @throws AppError INTERNAL */
export function assertObjectKeyPrefix(value: unknown): asserts value is string {
  if (!isObjectKeyPrefix(value)) throw new AppError('INTERNAL', 'That is no prefix of an object key.');
}

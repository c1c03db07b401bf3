import { uuidv7 } from '@waybill/core/kernel';

const SANE = /^[A-Za-z0-9._~-]{1,128}$/;

/** The caller's `X-Request-Id` when it is harmless to repeat in headers, logs and answers; a new one otherwise. */
export function requestIdFrom(header: string | string[] | undefined): string {
  return typeof header === 'string' && SANE.test(header) ? header : uuidv7();
}

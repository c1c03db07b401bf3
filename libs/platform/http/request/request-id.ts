import { randomToken } from '@waybill/core/crypto';

const SANE = /^[A-Za-z0-9._~-]{1,128}$/;

/** Tells processes apart; the counter tells requests apart. No secret, so one random draw for all of them will do. */
const PROCESS = randomToken(9);
let count = 0;

/** The caller's `X-Request-Id` when it is harmless to repeat in headers, logs and answers; a new one otherwise. */
export function requestIdFrom(header: string | string[] | undefined): string {
  if (typeof header === 'string' && SANE.test(header)) return header;
  count += 1;
  return `${PROCESS}-${count.toString(36)}`;
}

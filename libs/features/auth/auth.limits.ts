import type { RouteRateLimit } from '@waybill/platform/http';

const POINTS = 20;
const SECONDS = 60;

/** Twenty a minute for each address, on routes where something can be guessed. */
export const perAddress = (name: string): RouteRateLimit => ({
  name,
  points: POINTS,
  seconds: SECONDS,
  by: 'address',
});

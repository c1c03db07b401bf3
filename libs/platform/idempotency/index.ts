export { canonicalJson } from './canonical-json';
export { type HeldKey } from './held-key';
export { assertSameBody, EarlierAnswer, IdempotencyKeys } from './idempotency-keys';
export { IdempotencyModule } from './idempotency.module';
export { Idempotent, TakesIdempotencyKey } from './idempotent.decorator';
export { keyedRequest } from './keyed-request';

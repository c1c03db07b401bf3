import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { ApiProblems } from '@waybill/platform/http';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import { IDEMPOTENCY_KEY, KEY_MAX_CHARACTERS } from './keyed-request';

const DESCRIPTION = [
  'A unique value of your choice (a UUID, say) that makes the request safe to repeat for 24 hours.',
  'The same key with the same body gets the first answer again, marked `Idempotency-Replayed: true`;',
  'with another body or address 422; while the first request is running 409. Keys are yours alone.',
  'Nothing is kept of what failed with 5xx, was broken off, or depends on the moment (401, 403, 423, 429,',
  'and whatever says `Retry-After`).',
].join(' ');

/** Says in the OpenAPI document that a route takes an Idempotency-Key; for routes that see to the key themselves. */
export const TakesIdempotencyKey = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: IDEMPOTENCY_KEY,
      required: false,
      description: DESCRIPTION,
      schema: { type: 'string', minLength: 1, maxLength: KEY_MAX_CHARACTERS, pattern: '^[!-~]+$' },
    }),
    ApiProblems('VALIDATION_FAILED', 'REQUEST_IN_PROGRESS', 'IDEMPOTENCY_KEY_REUSED'),
  );

/** Makes a route that creates something from JSON carry out each Idempotency-Key once. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(UseInterceptors(IdempotencyInterceptor), TakesIdempotencyKey());

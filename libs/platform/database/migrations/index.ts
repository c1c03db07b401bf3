import { Foundation1763600000000 } from './1763600000000-foundation';
import { IdempotencyKeys1763730000000 } from './1763730000000-idempotency-keys';

/** Every migration, oldest first. */
export const MIGRATIONS = [Foundation1763600000000, IdempotencyKeys1763730000000];

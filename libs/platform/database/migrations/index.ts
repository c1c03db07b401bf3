import { Foundation1763600000000 } from './1763600000000-foundation';

/** Every migration, oldest first. */
export const MIGRATIONS = [Foundation1763600000000];

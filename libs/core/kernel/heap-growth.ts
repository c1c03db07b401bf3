import { setFlagsFromString } from 'node:v8';

/** How much the heap may grow by before all of it is collected again, in percent of what was alive then. */
const GROWTH_PERCENT = 50;

/**
 * Bounds what a process holds of memory that nobody needs. What a request keeps for some milliseconds grows old when
 * others are busy meanwhile, and old garbage is only found by a full collection, for which V8 otherwise waits until the
 * heap is up to four times as large: an API grew by 44 KiB with each upload that was broken off, for 2,000 of them.
 *
 * For the whole process, once, as early as can be: V8 looks at it at the end of each full collection, and those of the start
 * may be the last for long. It cannot be given in NODE_OPTIONS.
 */
export function boundHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

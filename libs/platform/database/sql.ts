/** SQL for "so many milliseconds from now", where the milliseconds are the statement's parameter of that number. */
export function fromNow(parameter: number): string {
  return `now() + $${parameter} * interval '1 millisecond'`;
}

/**
 * SQL for a condition that is always true, and lets the commit of its statement, which must be a transaction of its own,
 * not wait for the disk. Only for what may be lost when the database dies: whatever is committed later, and waits, makes
 * it durable as well.
 */
export const UNSYNCED = `set_config('synchronous_commit', 'off', true) IS NOT NULL`;

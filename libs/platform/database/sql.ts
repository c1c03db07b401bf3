/** SQL for "so many milliseconds from now", where the milliseconds are the statement's parameter of that number. */
export function fromNow(parameter: number): string {
  return `now() + $${parameter} * interval '1 millisecond'`;
}

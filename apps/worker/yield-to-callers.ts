import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** About a tenth of a core's share beside somebody who wants all of it; all of it beside nobody. */
const NICE = 10;

/**
 * Lets whoever waits for an answer go first, where API and worker share a machine: what the worker does, nobody waits for
 * by a connection. To be called before there are other threads, which inherit it.
 *
 * Linux weighs sessions against each other before it looks into them (sched(7), "The autogroup feature"), so that a
 * session of its own has to say the same of itself. Where that is not to be had, nothing is lost but the precedence.
 */
export function yieldToCallers(): void {
  try {
    setPriority(NICE);
    if (leadsSession()) writeFileSync('/proc/self/autogroup', String(NICE));
  } catch {
    // Not Linux, no autogroups, or not allowed: the kernel's own idea of fairness then.
  }
}

/** Nobody else's processes are to be slowed down with this one. */
function leadsSession(): boolean {
  // What follows the name, which may hold anything: state, parent, process group, session (proc(5)).
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(session) === process.pid;
}

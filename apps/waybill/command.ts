import type { Terminal } from './terminal';

/** What a command has from the outside. */
export interface Surroundings {
  terminal: Terminal;
  env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C, with `Interrupted`. */
  signal: AbortSignal;
}

export interface Command {
  /** One line, for the list of commands. */
  summary: string;
  /** What `--help` prints. */
  usage: string;
  /** Does it, and tells the exit code. What is thrown is reported by `main`. */
  run(args: string[], surroundings: Surroundings): Promise<number>;
}

/** The command line does not hold. Reported with a hint at `--help`, and exit code 2. */
export class UsageError extends Error {}

/** Ctrl-C. The message says how to go on. */
export class Interrupted extends Error {}

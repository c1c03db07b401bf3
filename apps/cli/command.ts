/** One operator's command. */
export interface Command {
  /** One line, for the list of commands. */
  summary: string;
  /** What `--help` prints. */
  usage: string;
  /** Does it, and tells the exit code. Results go to standard output; what is thrown is reported by `main`. */
  run(args: string[]): Promise<number>;
}

/** The command line does not hold. Reported with a hint at `--help`, and exit code 2. */
export class UsageError extends Error {}

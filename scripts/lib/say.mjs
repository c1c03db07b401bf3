// A terminal that was closed is no reason to die before everything has been taken down.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** Progress goes to stderr, so that what a command prints on stdout can be piped. @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** A failure whose message is all that the operator needs: it is printed without a stack. */
export class Refusal extends Error {
  name = 'Refusal';
  /** @param {string} message @param {{ exitCode?: number, cause?: unknown }} [options] */
  constructor(message, { exitCode = 1, cause } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/**
 * Runs an entry point: a refusal is said in its own words, anything else with its stack; both end the process.
 * @param {() => Promise<number>} main its exit code
 */
export async function runMain(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    say(error instanceof Refusal ? error.message : String(/** @type {Error} */ (error)?.stack ?? error));
    process.exitCode = error instanceof Refusal ? error.exitCode : 1;
  }
  // Whatever still holds the event loop (a socket to a service that just ended) is of no interest to anybody.
  process.exit();
}

/**
 * Runs `work`, and answers no sooner than `milliseconds` after the call, whether it succeeds or fails: what took a few
 * milliseconds more or less inside cannot be read off the time of the answer.
 */
export async function atLeast<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const floor = new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  try {
    return await work();
  } finally {
    await floor;
  }
}

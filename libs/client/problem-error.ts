import type { components } from './schema';

/** Why the API refused (RFC 9457); `code` is stable and what programs branch on. */
export type Problem = components['schemas']['Problem'];
export type ErrorCode = components['schemas']['ErrorCode'];

/** An answer that is no success, and no problem that the API describes: of a proxy in between, say. */
export class UnexpectedAnswer extends Error {
  override readonly name: string = 'UnexpectedAnswer';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A problem that the API answered with. Its message is the detail, which is for people. */
export class ProblemError extends UnexpectedAnswer {
  override readonly name = 'ProblemError';

  constructor(
    readonly problem: Problem,
    /** How long to wait before another try, in seconds; null where the answer does not say. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(problem.status, problem.detail);
  }

  get code(): ErrorCode {
    return this.problem.code;
  }

  /** What the operator of the service finds in its log. */
  get requestId(): string {
    return this.problem.requestId;
  }
}

/** Whether something that was thrown is a problem, of one of these codes where some are named. */
export function isProblem(thrown: unknown, ...codes: ErrorCode[]): thrown is ProblemError {
  return thrown instanceof ProblemError && (codes.length === 0 || codes.includes(thrown.code));
}

/** What to throw for an answer that is no success. Reads its body. */
export async function errorOf(response: Response): Promise<UnexpectedAnswer> {
  const type = response.headers.get('content-type') ?? '';
  if (!type.startsWith('application/problem+json') || response.body === null) {
    await response.body?.cancel();
    return new UnexpectedAnswer(response.status, `${response.url} answered ${response.status}.`);
  }
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ProblemError((await response.json()) as Problem, Number.isFinite(seconds) ? seconds : null);
}

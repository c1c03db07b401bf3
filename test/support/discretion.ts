import type { Answer, TestSystem } from './system';
import { waitFor } from './system';

/** Stacks, statements, names of tables and drivers, paths and addresses of our own. */
const INTERNALS =
  /\bat \S+ \(|node_modules|\.[jt]s:\d|SELECT|INSERT|UPDATE |DELETE FROM|relation|constraint|column|syntax|pg_|postgres|redis:|typeorm|QueryFailed|ECONN|ENOENT|ENOTDIR|EISDIR|\/tmp\/|\/work|127\.0\.0\.1|localhost:/i;

const MEMBERS = ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId', 'errors'];

/** One line of a log. */
export interface LogLine {
  level: number;
  time: string;
  msg: string;
  requestId?: string;
}

/** Looks at what a system says of itself: in its answers, and in its logs. */
export class Discretion {
  /** What must be in neither. */
  readonly secrets: string[] = [];

  constructor(private readonly system: TestSystem) {}

  /** Keeps texts for secret from now on. */
  keep(...secrets: string[]): void {
    if (secrets.length === 0 || secrets.some((secret) => secret.length < 7))
      throw new Error('No such secrets.');
    this.secrets.push(...secrets);
  }

  /** An answer as RFC 9457 has it, by which nothing is told of what lies beneath. */
  expectProblem(
    { status, body, headers, bytes }: Answer,
    expected: [status: number, code: string],
    requestId: string,
  ): void {
    expect([status, body?.code]).toEqual(expected);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('x-request-id')).toBe(requestId);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      type: expect.stringMatching(/^http:\/\/waybill\.test\/api\/problems\/[a-z-]+$/),
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: expect.stringMatching(/^\/api\//),
      requestId,
    });
    expect(Object.keys(body as object).filter((name) => !MEMBERS.includes(name))).toEqual([]);

    const text = bytes.toString('utf8');
    expect(text.replaceAll(this.system.env.PUBLIC_URL!, '')).not.toMatch(INTERNALS);
    expect(text).not.toContain(this.system.dataDir);
    for (const secret of this.secrets) expect(text).not.toContain(secret);
  }

  /** Every complete line that the processes have written. Throws for one that is no JSON. */
  lines(): LogLine[] {
    return this.system.processes.flatMap(({ output }) => {
      const complete = output.slice(0, output.lastIndexOf('\n') + 1);
      const lines = complete.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as LogLine);
    });
  }

  /** What was written about a request, when it is over. */
  linesOf(requestId: string): Promise<LogLine[]> {
    return waitFor(`request ${requestId} to be logged`, async () => {
      const lines = this.lines().filter((line) => line.requestId === requestId);
      return lines.some(({ msg }) => msg === 'request') ? lines : null;
    });
  }

  /** The secrets that were written down. */
  leaked(): string[] {
    const output = this.system.processes.map((each) => each.output).join('\n');
    return this.secrets.filter((secret) => output.includes(secret));
  }
}

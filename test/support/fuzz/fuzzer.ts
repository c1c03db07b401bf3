import { genuine, largeDocument, plainZip } from '../../fixtures/documents';
import type { Answer, ApiClient, TestSystem } from '../system';
import { CALLERS, sampleCalls, type Call, type CallerName } from './calls';
import { operationsOf, readDocument } from './document';
import { Judge } from './judge';
import { LiveValues } from './live-values';

const AT_ONCE = 4;
/** Access tokens live for minutes; long runs log in again. */
const CALLS_PER_LOGIN = 1_000;
const VICTIMS = 10;

export interface FuzzReport {
  calls: number;
  /** How often each operation answered with each status, as `operationId status`. */
  answers: Record<string, number>;
  /** What was wrong, each thing once, with how often it was seen and the first request that showed it. */
  findings: Record<string, { times: number; example: unknown }>;
}

const DOCUMENT = Buffer.concat([...largeDocument(6_000)]);
const CONTENTS: Record<string, Buffer> = {
  document: DOCUMENT,
  empty: Buffer.alloc(0),
  text: Buffer.from('not a document'),
  zip: plainZip(),
  truncated: genuine('report.docx').subarray(0, 500),
};

/** Calls a running system with what its document allows, and with what it does not. */
export class Fuzzer {
  private readonly callers = new Map<CallerName, ApiClient>();
  private readonly document = readDocument();
  private readonly judge = new Judge(this.document);
  private readonly report: FuzzReport = { calls: 0, answers: {}, findings: {} };
  private live = new LiveValues(new Set());

  constructor(private readonly system: TestSystem) {}

  async run(calls: number, seed: number): Promise<FuzzReport> {
    await this.prepare();
    const queue = sampleCalls(this.document, operationsOf(this.document), calls, seed);
    while (queue.length > 0) {
      const batch = queue.splice(0, CALLS_PER_LOGIN);
      await this.logIn();
      await this.live.readMails(this.system);
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.drain(batch)));
    }
    return this.report;
  }

  /** People who call, people who are called about, and some files. */
  private async prepare(): Promise<void> {
    const spared = new Set<string>();
    for (const name of CALLERS) {
      if (name === 'anonymous') this.callers.set(name, this.system.anonymous());
      else {
        const caller = await this.system.client(name);
        spared.add(caller.user.id);
        this.callers.set(name, caller);
      }
    }
    this.live = new LiveValues(spared);
    for (let n = 0; n < VICTIMS; n++) {
      const { id, email, password } = await this.system.createUser('client');
      this.live.add('user', id);
      this.live.add('email', email);
      this.live.add('password', password);
    }
    for (let n = 0; n < 3; n++) {
      const { uploadId, fileId } = await this.callers.get('ops')!.uploadAndWait(DOCUMENT);
      this.live.add('upload', uploadId);
      this.live.add('file', fileId);
    }
  }

  private async logIn(): Promise<void> {
    for (const caller of this.callers.values()) {
      const { user } = caller as { user?: { email: string; password: string } };
      if (user === undefined) continue;
      const answer = await caller.login(user.email, user.password);
      if (answer.status !== 200) throw new Error(`login: ${answer.status}`);
    }
  }

  private async drain(calls: Call[]): Promise<void> {
    for (let call = calls.pop(); call !== undefined; call = calls.pop()) {
      const answer = await this.make(call);
      this.live.learn(call.operation, answer);
      const { operationId } = call.operation;
      const seen = `${operationId} ${answer.status}`;
      this.report.calls++;
      this.report.answers[seen] = (this.report.answers[seen] ?? 0) + 1;
      for (const finding of this.judge.findings(call.operation, answer)) this.note(finding, call, answer);
    }
  }

  private note(finding: string, call: Call, answer: Answer): void {
    const name = `${call.operation.operationId}: ${finding}`;
    const example = {
      ...call,
      operation: undefined,
      answered: answer.bytes.subarray(0, 600).toString(),
    };
    const known = (this.report.findings[name] ??= { times: 0, example });
    known.times++;
  }

  private make({ operation, caller, path, query, headers, body }: Call): Promise<Answer> {
    const segment = (name: string): string => {
      const value = Buffer.from(this.live.fill(path[name]!)).toString();
      return /^\.{0,2}$/.test(value) ? '-' : encodeURIComponent(value); // those would be another address
    };
    const address = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => segment(name));
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, this.live.fill(value)] as [string, string]),
    );
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, this.live.fill(value)] as [string, string]),
    );
    return this.callers
      .get(caller)!
      .request(
        operation.method,
        search.size > 0 ? `${address}?${search}` : address,
        this.withBody(body, filled),
      );
  }

  private withBody(body: Call['body'], headers: Record<string, string>): RequestInit {
    if (body.kind === 'none') return { headers };
    if (body.kind === 'text')
      return { headers: { ...headers, 'content-type': body.type }, body: this.live.fill(body.text) };
    const form = new FormData();
    for (const [name, value] of body.fields) form.append(name, this.live.fill(value));
    if (body.file !== null) {
      const { name, type, content } = body.file;
      form.append('file', new Blob([new Uint8Array(CONTENTS[content]!)], { type }), name);
    }
    return { headers, body: form };
  }
}

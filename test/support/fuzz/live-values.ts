import type { Answer, TestSystem } from '../system';
import type { Operation } from './document';

const KEPT = 20;

/** What exists while the calls are made, by kind: ids, tokens and the like, the newest few. */
export class LiveValues {
  private readonly kinds = new Map<string, string[]>();

  /** @param spared ids that nobody may be told of, because their owners make the calls */
  constructor(private readonly spared: ReadonlySet<string>) {}

  add(kind: string, ...values: unknown[]): void {
    const known = this.kinds.get(kind) ?? [];
    for (const value of values) {
      if (typeof value === 'string' && !this.spared.has(value) && !known.includes(value)) known.push(value);
    }
    this.kinds.set(kind, known.slice(-KEPT));
  }

  /** The text with what stands in braces replaced by something that exists. */
  fill(text: string): string {
    return text.replace(/\{(\w+):(\d+)\}/g, (whole, kind: string, pick: string) => {
      const known = this.kinds.get(kind) ?? [];
      return known.length === 0 ? whole : known[Number(pick) % known.length]!;
    });
  }

  /** Remembers what an answer tells of. */
  learn({ operationId }: Operation, { status, headers, body }: Answer): void {
    if (status >= 300) return;
    this.add('etag', headers.get('etag'));
    if (body === null) return;
    this.add('cursor', body.nextCursor);
    this.add('refreshToken', body.refreshToken);
    if (typeof body.downloadUrl === 'string') this.add('download', body.downloadUrl.split('/').pop());
    if (operationId === 'createApiKey') this.add('apiKey', body.id);
    if (operationId === 'uploadDocument') {
      this.add('upload', body.uploadId);
      this.add('file', body.fileId);
    }
  }

  /** Remembers the tokens of the mails that were sent. */
  async readMails(system: TestSystem): Promise<void> {
    for (const mail of await system.mails()) {
      const unfolded = mail.replaceAll('=\r\n', '').replaceAll('=3D', '=');
      for (const [, token] of unfolded.matchAll(/\/(?:confirm|reset|invitations)\/([\w.~-]{16,})/g))
        this.add('mailToken', token);
    }
  }
}

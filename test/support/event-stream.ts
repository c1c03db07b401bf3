import type { ApiClient } from './system';

export interface SentEvent {
  id: string;
  event: string;
  data: any;
}

/** A stream of server-sent events, as it comes. */
export class EventStreamReader {
  readonly events: SentEvent[] = [];
  /** Resolves when the stream is over; true when the server has ended it in good order. */
  readonly ended: Promise<boolean>;
  private readonly abort = new AbortController();

  private constructor(
    readonly response: Response,
    abort: AbortController,
  ) {
    this.abort = abort;
    this.ended = this.read().then(
      () => true,
      () => false,
    );
  }

  static async open(
    client: ApiClient,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<EventStreamReader> {
    const abort = new AbortController();
    const response = await fetch(`${client.baseUrl}${path}`, {
      headers: { authorization: `Bearer ${client.token}`, ...headers },
      signal: abort.signal,
    });
    return new EventStreamReader(response, abort);
  }

  close(): void {
    this.abort.abort();
  }

  private async read(): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) this.take(block);
    }
  }

  private take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line): [string, string] => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon), line.slice(colon + 2)];
      }),
    );
    if (!fields.has('data')) return; // A heartbeat, or how soon to come back.
    this.events.push({
      id: fields.get('id')!,
      event: fields.get('event')!,
      data: JSON.parse(fields.get('data')!),
    });
  }
}

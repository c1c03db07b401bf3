import type { AnyCommittedEvent } from '@waybill/core/contracts';
import type { EventFeed } from '@waybill/platform/events';
import { waitFor } from '../../../../test/support/system/wait-for';
import { FeedTail } from './feed-tail';
import { socketMessage } from './socket-events';

/** A feed in memory. */
class MemoryFeed {
  readonly events: AnyCommittedEvent[] = [];
  away = false;
  asked = 0;

  add(ownerId: string, type: AnyCommittedEvent['type'] = 'upload.completed'): void {
    const position = this.events.length + 1;
    const occurredAt = new Date('2026-01-01T00:00:00Z');
    this.events.push({
      position,
      id: `e${position}`,
      type,
      ownerId,
      occurredAt,
      data: {},
    } as AnyCommittedEvent);
  }

  async end(): Promise<number> {
    if (this.away) throw new Error('away');
    return this.events.length;
  }

  async after(position: number, limit: number): Promise<AnyCommittedEvent[]> {
    this.asked += 1;
    if (this.away) throw new Error('away');
    return this.events.slice(position, position + limit);
  }
}

let feed: MemoryFeed;
let tail: FeedTail;
let heard: string[];
const hear = (event: AnyCommittedEvent): void => void heard.push(event.id);

beforeEach(() => {
  feed = new MemoryFeed();
  tail = new FeedTail(feed as unknown as EventFeed);
  heard = [];
});
afterEach(() => tail.onApplicationShutdown());

describe('FeedTail', () => {
  it('tells what comes from now on, once, in order, and to whom it belongs', async () => {
    feed.add('ada');
    await tail.follow('ada', hear);
    for (const owner of ['ada', 'eve', 'ada']) feed.add(owner);
    await waitFor('the last', async () => heard.includes('e4'));
    for (let n = 0; n < 1_200; n++) feed.add('ada');
    await waitFor('the very last', async () => heard.includes('e1204'));
    expect(heard).toEqual(['e2', 'e4', ...Array.from({ length: 1_200 }, (_, n) => `e${n + 5}`)]);
  });

  it('goes on where it was when the database was away', async () => {
    await tail.follow('ada', hear);
    feed.away = true;
    feed.add('ada');
    await waitFor('a look in vain', async () => feed.asked > 0);
    feed.away = false;
    await waitFor('the event', async () => heard.length > 0);
    expect(heard).toEqual(['e1']);
  });

  it('cannot be followed while nobody knows where it ends, and asks nobody when nobody listens', async () => {
    feed.away = true;
    await expect(tail.follow('ada', hear)).rejects.toThrow('away');
    feed.away = false;
    const leave = await tail.follow('ada', hear);
    leave();
    feed.add('ada');
    await tail.follow('eve', hear);
    feed.add('eve');
    await waitFor('the event', async () => heard.length > 0);
    expect(heard).toEqual(['e2']);
  });
});

describe('socketMessage', () => {
  it.each([
    ['upload.completed', true],
    ['upload.failed', true],
    ['upload.cancelled', true],
    ['file.available', true],
    ['file.downloaded', true],
    ['file.expired', true],
    ['share.downloaded', true],
    ['session.started', false],
    ['upload.created', false],
  ] as const)('of %s is told: %s', (type, told) => {
    feed.add('ada', type);
    const message = socketMessage(feed.events[0]!);
    expect(message).toEqual(
      told ? { id: 'e1', type, occurredAt: '2026-01-01T00:00:00.000Z', data: {} } : null,
    );
  });
});

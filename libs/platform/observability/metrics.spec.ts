import { Logger } from '@nestjs/common';
import { HttpMetrics, type AnsweredRequest } from './http-metrics';
import { Metrics } from './metrics';

beforeAll(() => Logger.overrideLogger(false));
afterEach(() => jest.useRealTimers());

/** The value of a line of the exposition; undefined where there is none. */
const value = (text: string, line: string): number | undefined => {
  const found = text.split('\n').find((each) => each.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
};

describe('Metrics', () => {
  it('gives what modules count, what is looked up, and the process itself', async () => {
    const metrics = new Metrics();
    metrics.counter('things_total', 'Things', ['kind']).inc({ kind: 'good' }, 3);
    const depth = metrics.gauge('depth', 'Depth');
    metrics.onScrape('queue', [depth], async () => depth.set(7));
    const text = await metrics.text();
    expect(value(text, 'things_total{kind="good"}')).toBe(3);
    expect(value(text, 'depth')).toBe(7);
    expect(value(text, 'waybill_metrics_source_failed{source="queue"}')).toBe(0);
    expect(value(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('withholds the gauges of a source that fails, names it, and gives all else', async () => {
    const metrics = new Metrics();
    const plain = metrics.gauge('plain', 'Plain');
    const labelled = metrics.gauge('labelled', 'Labelled', ['kind']);
    const other = metrics.gauge('other', 'Other');
    let works = true;
    metrics.onScrape('rows', [plain, labelled], async () => {
      if (!works) throw new Error('the database is away');
      plain.set(1);
      labelled.set({ kind: 'a' }, 2);
    });
    metrics.onScrape('rest', [other], async () => other.set(3));
    const seen = async (): Promise<unknown[]> => {
      const text = await metrics.text();
      const failed = value(text, 'waybill_metrics_source_failed{source="rows"}');
      return [value(text, 'plain'), value(text, 'labelled{kind="a"}'), value(text, 'other'), failed];
    };
    expect(await seen()).toEqual([1, 2, 3, 0]);
    works = false;
    expect(await seen()).toEqual([undefined, undefined, 3, 1]);
    works = true;
    expect(await seen()).toEqual([1, 2, 3, 0]);
  });

  it('does not wait for a source that hangs', async () => {
    jest.useFakeTimers();
    const metrics = new Metrics();
    const gauge = metrics.gauge('stuck', 'Stuck');
    metrics.onScrape('stuck', [gauge], () => new Promise(() => undefined));
    const text = metrics.text();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(value(await text, 'waybill_metrics_source_failed{source="stuck"}')).toBe(1);
    expect(value(await text, 'stuck')).toBeUndefined();
  });

  it('asks its sources once for scrapes that come together', async () => {
    const metrics = new Metrics();
    let asked = 0;
    metrics.onScrape('once', [], async () => void asked++);
    await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
    expect(asked).toBe(1);
    await metrics.text();
    expect(asked).toBe(2);
  });
});

describe('HttpMetrics', () => {
  const NAME = 'waybill_http_request_duration_seconds';
  const request: AnsweredRequest = {
    method: 'GET',
    route: '/api/files/:id',
    status: 200,
    aborted: false,
    code: undefined,
    ms: 30,
    received: 100,
    sent: 1000,
  };
  let metrics: Metrics;
  let http: HttpMetrics;
  beforeEach(() => {
    metrics = new Metrics();
    http = new HttpMetrics(metrics);
  });
  const pass = (changes: Partial<AnsweredRequest> = {}): void => {
    http.begun();
    http.over({ ...request, ...changes });
  };

  it('counts by route, method and class, in cumulative buckets', async () => {
    pass();
    pass({ ms: 400 });
    pass({ ms: 4_000_000 });
    const labels = 'method="GET",route="/api/files/:id",status="2xx"';
    const text = await metrics.text();
    const below = (le: string) => value(text, `${NAME}_bucket{le="${le}",${labels}}`);
    expect([below('0.025'), below('0.05'), below('0.5'), below('1800'), below('+Inf')]).toEqual([
      0, 1, 2, 2, 3,
    ]);
    expect(value(text, `${NAME}_count{${labels}}`)).toBe(3);
    expect(value(text, `${NAME}_sum{${labels}}`)).toBeCloseTo(4000.43);
    expect(value(text, `waybill_http_received_bytes_total{${labels}}`)).toBe(300);
    expect(value(text, `waybill_http_sent_bytes_total{${labels}}`)).toBe(3000);
    expect(text).toContain(`# TYPE ${NAME} histogram`);
  });

  it.each<[string, Partial<AnsweredRequest>, string]>([
    ['a client that went away', { aborted: true }, 'method="GET",route="/api/files/:id",status="aborted"'],
    ['a refusal', { status: 404 }, 'method="GET",route="/api/files/:id",status="4xx"'],
    [
      'an address that no route took',
      { route: undefined, status: 404 },
      'method="GET",route="none",status="4xx"',
    ],
    ['a method of its own', { method: 'SEARCH' }, 'method="other",route="/api/files/:id",status="2xx"'],
    ['a status of its own', { status: 999 }, 'method="GET",route="/api/files/:id",status="other"'],
  ])('counts %s', async (_what, changes, labels) => {
    pass(changes);
    expect(value(await metrics.text(), `${NAME}_count{${labels}}`)).toBe(1);
  });

  it('tells problems by code, and requests that run', async () => {
    pass({ status: 429, code: 'RATE_LIMITED' });
    pass({ status: 429, code: 'RATE_LIMITED' });
    http.begun();
    const text = await metrics.text();
    expect(value(text, 'waybill_http_problems_total{route="/api/files/:id",code="RATE_LIMITED"}')).toBe(2);
    expect(value(text, 'waybill_http_requests_running')).toBe(1);
  });
});

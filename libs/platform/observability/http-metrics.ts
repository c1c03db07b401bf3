import { Injectable } from '@nestjs/common';
import { Metrics, type OwnMetric, type OwnValue } from './metrics';

/** One request that is over. */
export interface AnsweredRequest {
  method: string;
  /** The pattern that the router has matched, never the address; undefined where nothing took the request. */
  route: string | undefined;
  status: number;
  /** The connection went away before the answer was complete. */
  aborted: boolean;
  /** The code of the problem that it was answered with. */
  code: string | undefined;
  ms: number;
  /** Bytes on the connection, heads included. */
  received: number;
  sent: number;
}

/** Upper bounds in seconds: answers from memory at one end, transfers of gigabytes at the other. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const CLASSES = ['', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** What is known of one route, method and kind of outcome. */
class Series {
  readonly buckets: number[] = BUCKETS.map(() => 0);
  count = 0;
  seconds = 0;
  received = 0;
  sent = 0;

  constructor(readonly labels: { method: string; route: string; status: string }) {}

  add(request: AnsweredRequest): void {
    const seconds = request.ms / 1000;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) this.buckets[bucket]!++;
    this.count++;
    this.seconds += seconds;
    this.received += request.received;
    this.sent += request.sent;
  }
}

/**
 * Counts requests by route, method and outcome. Every request passes here, so numbers are added to plain fields and put
 * into words when somebody asks: `prom-client` would hash the labels of each request three times.
 */
@Injectable()
export class HttpMetrics {
  private readonly series = new Map<string, Series>();
  private readonly problems = new Map<string, { labels: { route: string; code: string }; count: number }>();
  private running = 0;

  constructor(metrics: Metrics) {
    const help = 'Requests now being answered';
    const running = metrics.gauge('waybill_http_requests_running', help);
    metrics.beforeScrape(() => running.set(this.running));
    metrics.add(this.durations());
    metrics.add(this.counter('waybill_http_received_bytes_total', 'Bytes that requests brought', 'received'));
    metrics.add(this.counter('waybill_http_sent_bytes_total', 'Bytes that answers took', 'sent'));
    metrics.add(this.refusals());
  }

  begun(): void {
    this.running++;
  }

  over(request: AnsweredRequest): void {
    this.running--;
    const route = request.route ?? 'none';
    const status = request.aborted ? 'aborted' : (CLASSES[Math.trunc(request.status / 100)] ?? 'other');
    const method = METHODS.has(request.method) ? request.method : 'other';
    const key = `${method} ${status} ${route}`;
    let series = this.series.get(key);
    if (series === undefined) this.series.set(key, (series = new Series({ method, route, status })));
    series.add(request);
    if (request.code !== undefined) this.refused(route, request.code);
  }

  private refused(route: string, code: string): void {
    const key = `${code} ${route}`;
    const known = this.problems.get(key);
    if (known === undefined) this.problems.set(key, { labels: { route, code }, count: 1 });
    else known.count++;
  }

  private durations(): OwnMetric {
    const name = 'waybill_http_request_duration_seconds';
    const help = 'From the head of a request to the end of its answer';
    const get = async () => ({ name, help, type: 'histogram', values: [...this.distribution(name)] });
    return { name, get };
  }

  private *distribution(name: string): Generator<OwnValue> {
    for (const { labels, buckets, count, seconds } of this.series.values()) {
      let below = 0;
      for (const [at, le] of BUCKETS.entries()) {
        below += buckets[at]!;
        yield { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below };
      }
      yield { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: count };
      yield { metricName: `${name}_sum`, labels, value: seconds };
      yield { metricName: `${name}_count`, labels, value: count };
    }
  }

  private counter(name: string, help: string, field: 'received' | 'sent'): OwnMetric {
    const values = (): OwnValue[] =>
      [...this.series.values()].map((series) => ({ labels: series.labels, value: series[field] }));
    return { name, get: async () => ({ name, help, type: 'counter', values: values() }) };
  }

  private refusals(): OwnMetric {
    const name = 'waybill_http_problems_total';
    const help = 'Problems that requests were answered with; RATE_LIMITED among them';
    const values = (): OwnValue[] =>
      [...this.problems.values()].map(({ labels, count }) => ({ labels, value: count }));
    return { name, get: async () => ({ name, help, type: 'counter', values: values() }) };
  }
}

import { Injectable, Logger } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';

/** Sets the gauges of a source to what is true now. */
export type Refresh = () => Promise<void>;

interface Source {
  name: string;
  gauges: Gauge[];
  refresh: Refresh;
}

/** A metric that keeps its numbers itself, and gives them in the form that `prom-client` writes. */
export interface OwnMetric {
  readonly name: string;
  get(): Promise<{ name: string; help: string; type: string; values: OwnValue[] }>;
}

export interface OwnValue {
  /** Where it is not the metric's own: `…_bucket`, `…_sum`, `…_count`. */
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

/** How long a source may take; a database that hangs must not take the figures of the process with it. */
const PATIENCE_MS = 2_000;

/**
 * The figures of this process, in the text format of Prometheus (exposition format 0.0.4). Modules make their counters
 * here when they are made themselves, and name what is to be looked up when somebody asks.
 *
 * Labels are names that the code knows: routes, codes, states. Never an id, an address or anything else that a caller
 * chooses: each new value costs memory for as long as the process lives.
 */
@Injectable()
export class Metrics {
  private readonly log = new Logger(Metrics.name);
  private readonly registry = new Registry();
  private readonly samples: (() => void)[] = [];
  private readonly sources: Source[] = [];
  private readonly unlabelled = new Set<Gauge>();
  private readonly failed: Gauge<'source'>;
  private watchesProcess = false;
  private refreshing: Promise<void> | null = null;

  constructor() {
    const help = 'Sources that could not be asked at this scrape: 1, otherwise 0';
    this.failed = this.gauge('waybill_metrics_source_failed', help, ['source']);
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  counter<L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  gauge<L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L> {
    const gauge = new Gauge({ name, help, labelNames, registers: [this.registry] });
    if (labelNames.length === 0) this.unlabelled.add(gauge as Gauge);
    return gauge;
  }

  /** @param buckets upper bounds, ascending. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labelNames: L[],
    buckets: number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }

  /** For what is counted so often that a `Counter` would cost too much. */
  add(metric: OwnMetric): void {
    this.registry.registerMetric(metric as unknown as Metric);
  }

  /** Reads what this process knows by itself, before any source is asked: that would use connections, and be counted. */
  beforeScrape(sample: () => void): void {
    this.samples.push(sample);
  }

  /**
   * Asks a source whenever somebody asks for the figures. One that fails or is too slow loses its gauges for that time,
   * so that nobody takes old values for new ones, and is named in `waybill_metrics_source_failed`.
   */
  onScrape(name: string, gauges: Gauge<string>[], refresh: Refresh): void {
    this.sources.push({ name, gauges: gauges as Gauge[], refresh });
  }

  /** All figures. Those of the process (memory, event loop, garbage collection) are kept from the first call on. */
  async text(): Promise<string> {
    if (!this.watchesProcess) collectDefaultMetrics({ register: this.registry });
    this.watchesProcess = true;
    this.refreshing ??= this.refreshAll().finally(() => (this.refreshing = null));
    await this.refreshing;
    return this.registry.metrics();
  }

  private async refreshAll(): Promise<void> {
    for (const sample of this.samples) sample();
    await Promise.all(this.sources.map((source) => this.refresh(source)));
  }

  private async refresh({ name, gauges, refresh }: Source): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
      await Promise.race([refresh(), late]);
      this.failed.set({ source: name }, 0);
    } catch (error) {
      this.log.warn(`The metrics of ${name} could not be read`, error);
      for (const gauge of gauges) this.forget(gauge);
      this.failed.set({ source: name }, 1);
    } finally {
      clearTimeout(timer);
    }
  }

  private forget(gauge: Gauge): void {
    gauge.reset();
    if (this.unlabelled.has(gauge)) gauge.remove(); // `reset` leaves a zero there.
  }
}

import type { LoggerService } from '@nestjs/common';
import pino, { type DestinationStream, type Logger as Pino } from 'pino';
import { describeError } from './describe-error';
import { LineBatch } from './line-batch';
import { redact, redactText } from './redact';
import { currentRequest } from './request-context';
import { requestFields, type RequestEntry } from './request-line';

export interface LoggerOptions {
  /** A pino level, or `silent`. */
  level: string;
  /** Which process speaks: `api`, `worker`, … */
  service: string;
  /** Where lines go; standard output by default. */
  destination?: DestinationStream;
}

/** Nest tells of each module and route when it starts. */
const NEST_STARTING = new Set<unknown>([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

const URGENT = new Set<Level>(['warn', 'error', 'fatal']);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * Nest's logger, writing one JSON object a line, levels as pino's numbers (30 info, 40 warn, 50 error). Within a request each entry carries its id, so that all it caused can
 * be found. Everything but the request line passes through `redact`; the request line is made of known fields.
 *
 * Use it through Nest: `new Logger(Thing.name)`, then `log('text', { fields })`, `error('text', error)`.
 */
export class WaybillLogger implements LoggerService {
  private readonly pino: Pino;
  private readonly destination: DestinationStream;
  private readonly origin: string;

  constructor(options: LoggerOptions) {
    const base = { service: options.service, pid: process.pid };
    this.origin = JSON.stringify(base).slice(1, -1);
    this.destination = options.destination ?? standardOutput();
    this.pino = pino(
      {
        level: options.level,
        base,
        timestamp: pino.stdTimeFunctions.isoTime,
        serializers: { err: (described: unknown) => described }, // `describeError` was there before
      },
      this.destination,
    );
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(NEST_STARTING.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** The line of an answered request; `quiet` ones (health probes) only show at level debug. */
  request(entry: RequestEntry, quiet = false): void {
    const level = quiet ? 'debug' : 'info';
    if (!this.pino.isLevelEnabled(level)) return;
    const head = `{"level":${pino.levels.values[level]},"time":"${new Date().toISOString()}",${this.origin},`;
    this.destination.write(`${head}${requestFields(entry)},"msg":"request"}\n`);
  }

  /** Writes what is still buffered, before the process ends. */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => this.pino.flush(() => resolve()));
  }

  private write(level: Level, message: unknown, rest: unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const fields: Record<string, unknown> = {};
    const request = currentRequest();
    if (request !== undefined) {
      fields.requestId = request.requestId;
      if (request.trace !== undefined) fields.traceId = request.trace.traceId;
      if (request.userId !== undefined) fields.userId = request.userId;
    }
    const text = gather(fields, message);
    // Nest's convention: the last string names who speaks, a string before it is a stack.
    const strings = rest.filter((value) => typeof value === 'string');
    for (const value of rest) if (typeof value === 'object') gather(fields, value);
    if (strings.length > 0) fields.context = strings.at(-1);
    if (strings.length > 1 && fields.err === undefined) fields.stack = redactText(strings[0]!);
    this.pino[level](fields, text);
    if (URGENT.has(level)) this.pino.flush();
  }
}

/** Adds a value's fields; the answer is its text, if it has one. */
function gather(fields: Record<string, unknown>, value: unknown): string | undefined {
  if (value instanceof Error) {
    fields.err = describeError(value);
    return value.message;
  }
  if (typeof value !== 'object' || value === null) return redactText(String(value));
  const { msg, message, ...others } = redact(value) as Record<string, unknown>;
  Object.assign(fields, others);
  return typeof msg === 'string' ? msg : typeof message === 'string' ? message : undefined;
}

function standardOutput(): DestinationStream {
  const batch = new LineBatch(pino.destination({ fd: 1, sync: false }));
  // Before pino's own handler ends the stream beneath.
  process.prependListener('exit', () => batch.flushSync());
  return batch;
}

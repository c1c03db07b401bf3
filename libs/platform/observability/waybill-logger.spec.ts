import { Logger } from '@nestjs/common';
import { runInRequest } from './request-context';
import { WaybillLogger } from './waybill-logger';

function record(level = 'trace') {
  const lines: string[] = [];
  const logger = new WaybillLogger({
    level,
    service: 'api',
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { logger, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('R07 the log', () => {
  it.each(['a\r\nb.docx', 'x\n{"level":60}', '\u2028', '\u0000', '\ud800', '"', '\u001b[31m'])(
    'has one JSON line an entry, also for the name %j',
    (name) => {
      const { logger, lines, entries } = record();
      logger.log(`took ${name}`, { name, [name]: 1 }, 'Test');
      expect(lines).toHaveLength(1);
      expect(lines[0]!.trimEnd()).not.toMatch(/[\r\n]/);
      expect(entries()[0]).toMatchObject({ level: 30, context: 'Test', service: 'api' });
    },
  );

  it('carries the request, trace and user', () => {
    const { logger, entries } = record();
    const trace = { traceId: 't', parentId: 'p', sampled: true };
    runInRequest({ requestId: 'r', trace, userId: 'u' }, () => logger.warn('within'));
    logger.warn('without');
    expect(entries()[0]).toMatchObject({
      level: 40,
      requestId: 'r',
      traceId: 't',
      userId: 'u',
      msg: 'within',
    });
    expect(entries()[1]).not.toHaveProperty('requestId');
  });

  it('takes everything that Nest sends it', () => {
    const { logger, entries } = record();
    const nest = new Logger('Things');
    Logger.overrideLogger(logger);
    try {
      nest.error('broke', new Error('why'));
      nest.error('broke', 'Error: why\n    at here');
      nest.error(new Error('alone'));
      nest.log({ msg: 'fields', fileId: 'f', password: 'hunter2' });
      nest.log(undefined);
      new Logger('RouterExplorer').log('Mapped');
      nest.fatal('end');
      nest.verbose('much');
      nest.debug({ only: 'fields' });
    } finally {
      Logger.overrideLogger(false);
    }
    expect(entries()).toMatchObject([
      { level: 50, msg: 'broke', context: 'Things', err: { type: 'Error', message: 'why' } },
      { level: 50, msg: 'broke', context: 'Things', stack: expect.stringContaining('at here') },
      { level: 50, msg: 'alone', err: { message: 'alone', stack: expect.stringContaining('spec') } },
      { level: 30, msg: 'fields', fileId: 'f', password: '[redacted]' },
      { level: 30, msg: 'undefined' },
      { level: 20, msg: 'Mapped' },
      { level: 60, msg: 'end' },
      { level: 10, msg: 'much' },
      { level: 20, only: 'fields' },
    ]);
  });

  it.each([
    { path: '/', aborted: true as const, code: 'GONE', traceId: 't', userId: 'u' },
    { path: '/"\r\n\u2028\ud800\\', requestId: '"\n', userId: '"', method: 'X"' },
  ])('writes a request as any other entry: %j', (odd) => {
    const { logger, lines, entries } = record();
    const entry = { requestId: 'r', method: 'GET', status: 200, ms: 1.25, bytes: 2, ...odd };
    logger.request(entry);
    logger.log('another');
    const [request, another] = entries();
    expect(request).toEqual({ ...another, ...entry, time: expect.any(String), msg: 'request' });
    expect(lines[0]!.trimEnd()).not.toMatch(/[\r\n]/);
  });

  it('hides quiet requests unless asked', () => {
    const entry = { requestId: 'r', method: 'GET', path: '/', status: 200, ms: 1, bytes: 2 };
    const { logger, lines } = record('info');
    logger.request(entry, true);
    expect(lines).toHaveLength(0);
    logger.request(entry);
    expect(JSON.parse(lines[0]!)).toMatchObject({ ...entry, level: 30 });
  });
});

import { captureConsole } from './capture-console';
import { WaybillLogger } from './waybill-logger';

const { log, info, debug, warn } = console;
afterEach(() => Object.assign(console, { log, info, debug, warn }));

it.each([
  ['log', 30],
  ['info', 30],
  ['debug', 20],
  ['warn', 40],
] as const)('console.%s becomes a line of the log', (method, level) => {
  const lines: string[] = [];
  captureConsole(
    new WaybillLogger({
      level: 'debug',
      service: 'test',
      destination: { write: (line) => void lines.push(line) },
    }),
  );
  console[method]('%s\r\nwas said', 'something');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level,
    context: 'console',
    msg: 'something\r\nwas said',
  });
});

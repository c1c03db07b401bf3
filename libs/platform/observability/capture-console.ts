import { format } from 'node:util';
import type { WaybillLogger } from './waybill-logger';

/**
 * Lets the logger say what libraries say by `console`: whoever reads the log reads JSON, a line each, and no secret
 * goes past its redaction. `console.error` stays what it is: the last words of a process that cannot start.
 */
export function captureConsole(logger: WaybillLogger): void {
  const info = (...words: unknown[]): void => logger.log(format(...words), 'console');
  const debug = (...words: unknown[]): void => logger.debug(format(...words), 'console');
  const warn = (...words: unknown[]): void => logger.warn(format(...words), 'console');
  Object.assign(console, { log: info, info, debug, warn });
}

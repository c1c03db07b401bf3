import { format } from 'node:util';
import type { WaybillLogger } from './waybill-logger';

/**
 * Lets the logger say what libraries say by `console`: whoever reads the log reads JSON, a line each, and no secret
 * goes past its redaction. `console.error` stays what it is: the last words of a process that cannot start.
 */
export function captureConsole(logger: WaybillLogger): void {
  console.log = console.info = (...words: unknown[]) => logger.log(format(...words), 'console');
  console.debug = (...words: unknown[]) => logger.debug(format(...words), 'console');
  console.warn = (...words: unknown[]) => logger.warn(format(...words), 'console');
}

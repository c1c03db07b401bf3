import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './command';

/** Reads options, strictly: what is unknown, or has no value, is a `UsageError`. Positional arguments are refused. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

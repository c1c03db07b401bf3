import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './command';

/** Options and the words between them. What is unknown, or has no value, is a `UsageError`. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: T) {
  try {
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
    return { values, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The one word that a command is about. */
export function onlyWord(positionals: string[], name: string): string {
  if (positionals.length !== 1) throw new UsageError(`One ${name} is needed.`);
  return positionals[0]!;
}

export function wholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${option} must be a whole number above 0.`);
  return Number(text);
}

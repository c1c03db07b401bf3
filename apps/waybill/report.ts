import { isProblem, UnexpectedAnswer } from '@waybill/client';
import { printable } from './terminal';

/** An error in words that a person can act on. */
export function messageOf(error: unknown): string {
  if (isProblem(error)) {
    const { message, code, requestId, problem } = error;
    const fields = (problem.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
    return printable(`${message} (${code}, request ${requestId})`) + fields.map(printableLine).join('');
  }
  if (error instanceof UnexpectedAnswer) return printable(error.message);
  const cause = (error as { cause?: unknown }).cause;
  if (error instanceof TypeError && cause instanceof Error) {
    return `The service cannot be reached: ${printable(wordsOf(cause))}`;
  }
  return printable(error instanceof Error ? error.message : String(error));
}

function printableLine(text: string): string {
  return `\n${printable(text.slice(1))}`;
}

/** A name with several addresses fails with an error for each, and no words of its own. */
function wordsOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(error);
}

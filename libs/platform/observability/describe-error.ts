/** What of an error is worth a log line. */
export interface ErrorDescription {
  type: string;
  message: string;
  code?: string | number;
  stack?: string;
  cause?: ErrorDescription;
}

const DEEPEST_CAUSE = 4;

/**
 * An error for the log: its kind, text, code, stack and causes. Its other properties are left out on purpose, since
 * drivers hang queries with their parameters, requests with their headers and whole documents on them.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: clip(String(error)) };
  const { code } = error as { code?: unknown };
  const description: ErrorDescription = { type: error.name, message: clip(error.message) };
  if (typeof code === 'string' || typeof code === 'number') description.code = code;
  if (error.stack !== undefined) description.stack = clip(error.stack);
  const cause = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  if (cause !== undefined && depth < DEEPEST_CAUSE) description.cause = describeError(cause, depth + 1);
  return description;
}

function clip(text: string): string {
  return text.length > 8192 ? `${text.slice(0, 8192)}…` : text;
}

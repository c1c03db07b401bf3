import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request that is being served, wherever the code is. */
export interface RequestContext {
  readonly requestId: string;
  /** The caller's trace (W3C Trace Context), when it sent a valid one. */
  readonly trace?: TraceParent;
  /** Who asks; set by the authentication guard once it knows. */
  userId?: string;
  /** What the request is about, where its address does not say. */
  subjectId?: string;
}

/** The fields of a `traceparent` header, version 00 (W3C Trace Context, section 3.2). */
export interface TraceParent {
  traceId: string;
  parentId: string;
  sampled: boolean;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs a function, and all that it starts, in the context of a request. */
export function runInRequest<T>(context: RequestContext, run: () => T): T {
  return storage.run(context, run);
}

/** The request being served, or undefined outside of one. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** Names the caller for the log lines of this request. */
export function setRequestUser(userId: string): void {
  const context = storage.getStore();
  if (context !== undefined) context.userId = userId;
}

/** Says what this request is about, for the audit. */
export function setRequestSubject(id: string): void {
  const context = storage.getStore();
  if (context !== undefined) context.subjectId = id;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const SAMPLED = 0x01;

/** Reads `traceparent`; a malformed one, or one of zeros, counts as absent, as the specification asks. */
export function parseTraceparent(header: string | undefined): TraceParent | undefined {
  if (header === undefined || header.length > 512) return undefined;
  const match = TRACEPARENT.exec(header);
  if (match === null) return undefined;
  const [, traceId, parentId, flags] = match as unknown as [string, string, string, string];
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  if (header.startsWith('00') && header.length !== 55) return undefined;
  return { traceId, parentId, sampled: (parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** What a listing tells about an object. `size` is in bytes. */
export interface ObjectStat {
  key: string;
  size: number;
  modifiedAt: Date;
}

/** An entry of a listing. `partial` marks what an unfinished write has left: bytes that are no object. */
export interface ListedObject extends ObjectStat {
  partial?: boolean;
}

/**
 * Writes one object, once, front to back. Whoever creates a writer ends it: by a `commit()` that resolved, or by
 * `abort()`. Until `commit()` is called nothing can be read under the key; from then on it is nothing or the whole object.
 */
export interface ObjectWriter {
  /**
   * Appends. Calls take effect in their order and need not be awaited one by one; the buffers belong to the writer until
   * the promise settles. It settles without needing a later call. The first failure is final: every later `write` and
   * `commit` rejects with it. A write that was under way may still succeed, and comes to nothing as well.
   */
  write(buffers: Buffer[]): Promise<void>;
  /**
   * Resolves when the object is whole, visible and durable: it survives a loss of power from here on. When it rejects the
   * object may exist or not, and a second call is no second try; `abort()` or `ObjectStore.delete` decide it.
   */
  commit(): Promise<{ size: number }>;
  /**
   * Lets go of everything the write holds, its bytes included, after the operation under way has ended; writes still
   * queued reject. Idempotent, also right after a failed `write` or `commit`. A `commit()` that was called before it is let
   * finish, and an object that was committed stays.
   */
  abort(): Promise<void>;
}

/** Reads one object at any position. Goes on to return right bytes, or fails, when the object is deleted meanwhile. */
export interface ObjectReader {
  /** Bytes, as they were when the object was opened. */
  readonly size: number;
  /**
   * Fills all of `into` from `position`, both in bytes. Several reads may be under way.
   * @throws AppError INTEGRITY_FAILURE when the object ends before `into` is full
   */
  read(into: Buffer, position: number): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** The part of an object that is about to be read: from `start` up to, and without, `end`. */
export interface ExpectedRange {
  start: number;
  end: number;
  /** It is read this one time, so nothing of it needs to be kept at hand for others. */
  once?: boolean;
}

/**
 * Where encrypted bytes rest. Objects are immutable: written whole, read at any position, deleted; never appended to,
 * renamed or copied. A key names one object in all its life and is not used again after `delete`.
 *
 * Who owes what: the caller has registered the key in the database before `create`, so that what a crash leaves has a row;
 * it sees to it that one process at a time writes a key, and it bounds the buffers in flight. The driver owes atomic
 * visibility and durability, and that `delete` and `list` find what a dead process has left.
 *
 * Every method may throw `AppError`: `STORAGE_FULL` (no room), `DEPENDENCY_UNAVAILABLE` (the store does not answer, or not
 * as it should; the reason is the cause).
 */
export abstract class ObjectStore {
  /** Names the driver; recorded with every object, so that objects are found where they were written. */
  abstract readonly driver: string;

  /** @throws ObjectExists, here or at the latest from `commit()`, when the key is taken; the object there stays as it is */
  abstract create(key: string): Promise<ObjectWriter>;

  /**
   * `expected` is a hint from which a driver may fetch ahead, or know what not to keep; it limits nothing.
   * @throws ObjectMissing
   */
  abstract open(key: string, expected?: ExpectedRange): Promise<ObjectReader>;

  /** Null when there is no such object; an unfinished write is none. */
  abstract head(key: string): Promise<ObjectStat | null>;

  /**
   * Removes the object and what an unfinished write has left; nothing of it comes back after a loss of power. Idempotent. A
   * writer that has bytes in the store and lost them this way cannot commit any more.
   */
  abstract delete(key: string): Promise<void>;

  /**
   * What is there under all keys that begin with `prefix` ('' for all), in no promised order. Not a snapshot: what is
   * committed or deleted meanwhile may be in it or not; what was there all the time is. A driver may keep the first MiB of a
   * write to itself, so a young write need not be listed.
   */
  abstract list(prefix: string): AsyncIterable<ListedObject>;

  /** The number that `setGeneration` has left here; null where there is none. It is no object, and in no listing. */
  abstract generation(): Promise<number | null>;

  /** Replaces that number, which is durable when this resolves. Of several at once any may be the last. */
  abstract setGeneration(generation: number): Promise<void>;

  /** Resolves when an object could be written now. For readiness. */
  abstract check(): Promise<void>;
}

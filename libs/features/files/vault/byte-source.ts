/** Bytes that are asked for piece by piece. Whoever made it closes it. */
export interface ByteSource {
  /** The next bytes, verified, in chunks that belong to the caller; null after the last. */
  next(): Promise<Buffer[] | null>;
  /** Whether nothing comes after what was given last. */
  readonly exhausted: boolean;
  /** Gives everything back that it holds. */
  close(): Promise<void>;
}

/** Who keeps account of what is sent, beside the sending itself. */
export interface SendingAccount {
  /** Asked once the first bytes are verified, before the answer begins: what it throws is answered instead. */
  begin(): Promise<void>;
  /** So many bytes were handed on. */
  wrote(bytes: number): void;
  /** Resolves when it is on record that bytes have left; the last ones wait for it. What it throws breaks the answer. */
  recorded(): Promise<void>;
}

/** Nobody does. */
export const UNCOUNTED: SendingAccount = {
  begin: () => Promise.resolve(),
  wrote: () => undefined,
  recorded: () => Promise.resolve(),
};

/**
 * Overwrites key material that is no longer needed. Honest only for buffers: strings, and copies that the garbage
 * collector made, are beyond reach.
 */
export function wipe(...buffers: Uint8Array[]): void {
  for (const buffer of buffers) buffer.fill(0);
}

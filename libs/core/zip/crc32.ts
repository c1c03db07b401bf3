import { crc32 as update } from 'node:zlib';

/** CRC-32 of bytes that come one after the other, as archives and networks compute it (ISO 3309, APPNOTE.TXT 4.4.7). */
export class Crc32 {
  #value = 0;

  update(chunk: Uint8Array): void {
    this.#value = update(chunk, this.#value);
  }

  /** As an unsigned number of 32 bits. */
  get value(): number {
    return this.#value >>> 0;
  }
}

import type { ByteRange } from '@waybill/core/crypto';
import type { ZipPiece } from '@waybill/core/zip';
import type { ByteSource } from '../vault';

/** Opens the bytes of an entry. */
export type OpenEntry = (entry: number, range: ByteRange) => Promise<ByteSource>;

/** A range of an archive: its own records, and between them the files, of which one is open at a time. */
export class BundleSource implements ByteSource {
  private readonly pieces: readonly ZipPiece[];
  private at = 0;
  private open: ByteSource | null = null;

  constructor(
    pieces: readonly ZipPiece[],
    private readonly range: ByteRange,
    private readonly openEntry: OpenEntry,
  ) {
    this.pieces = pieces.filter(({ start, length }) => start < range.end && start + length > range.start);
  }

  get exhausted(): boolean {
    return this.at >= this.pieces.length;
  }

  /** Records come together with the first bytes of the file that they tell of: what is damaged shows before it begins. */
  async next(): Promise<Buffer[] | null> {
    const chunks: Buffer[] = [];
    for (let piece = this.pieces[this.at]; piece !== undefined; piece = this.pieces[this.at]) {
      const within = {
        start: Math.max(0, this.range.start - piece.start),
        end: Math.min(piece.length, this.range.end - piece.start),
      };
      if (piece.bytes === null) return [...chunks, ...(await this.nextOf(piece.entry, within))];
      chunks.push(piece.bytes.subarray(within.start, within.end));
      this.at++;
    }
    return chunks.length > 0 ? chunks : null;
  }

  private async nextOf(entry: number, within: ByteRange): Promise<Buffer[]> {
    this.open ??= await this.openEntry(entry, within);
    const chunks = await this.open.next();
    if (chunks === null || this.open.exhausted) {
      this.at++;
      await this.close();
    }
    return chunks ?? [];
  }

  async close(): Promise<void> {
    const { open } = this;
    this.open = null;
    await open?.close();
  }
}

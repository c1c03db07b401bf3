import type { ByteRange } from '@waybill/core/crypto';
import { representationOf, type Representation } from './file-bytes';
import type { FileRecord } from './file.repository';
import type { FileSources } from './file-sources';
import type { ByteSource } from './vault';

/** What is handed out in one answer: a file, or several as one. */
export interface Content {
  /** Strong identity, name and size of the bytes. */
  readonly is: Representation;
  /** Whose bytes these are; each is charged. */
  readonly files: readonly FileRecord[];
  /** @throws AppError what the vault refuses with. Whoever opened it closes it. */
  open(range: ByteRange): Promise<ByteSource>;
}

/** One file, as it is. */
export class FileContent implements Content {
  readonly is: Representation;
  readonly files: readonly FileRecord[];

  constructor(
    private readonly file: FileRecord,
    private readonly sources: FileSources,
  ) {
    this.is = representationOf(file);
    this.files = [file];
  }

  open(range: ByteRange): Promise<ByteSource> {
    return this.sources.open(this.file, range);
  }
}

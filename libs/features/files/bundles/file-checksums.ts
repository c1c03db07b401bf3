import { Injectable } from '@nestjs/common';
import { Crc32 } from '@waybill/core/zip';
import { FileSources } from '../file-sources';
import { FileRepository, type FileRecord } from '../file.repository';

/**
 * The CRC-32 of files, which archives want to know before the bytes. It is read off the sealed bytes when it is first
 * asked for, at about a gigabyte a second, and kept: sealing, which every file goes through, does not pay for it.
 */
@Injectable()
export class FileChecksums {
  private readonly underWay = new Map<string, Promise<number>>();

  constructor(
    private readonly sources: FileSources,
    private readonly files: FileRepository,
  ) {}

  /** Those of all these files, in their order. @throws AppError what the vault throws; what was computed is kept. */
  async of(files: readonly FileRecord[]): Promise<number[]> {
    const checksums: number[] = [];
    for (const file of files) checksums.push(file.crc32 ?? (await this.once(file)));
    return checksums;
  }

  /** Several who ask at once wait for one reading. */
  private once(file: FileRecord): Promise<number> {
    const running = this.underWay.get(file.id);
    if (running !== undefined) return running;
    const reading = this.read(file).finally(() => this.underWay.delete(file.id));
    this.underWay.set(file.id, reading);
    return reading;
  }

  private async read(file: FileRecord): Promise<number> {
    const source = await this.sources.open(file, { start: 0, end: file.size });
    const crc = new Crc32();
    try {
      for (let chunks = await source.next(); chunks !== null; chunks = await source.next()) {
        for (const chunk of chunks) crc.update(chunk);
      }
    } finally {
      await source.close();
    }
    await this.files.keepChecksum(file, crc.value);
    return crc.value;
  }
}

import { sha256, type ByteRange } from '@waybill/core/crypto';
import { distinctNames, zipLayout, type ZipLayout } from '@waybill/core/zip';
import { safeName } from '@waybill/platform/http/content-disposition';
import type { Content } from '../content';
import type { Representation } from '../file-bytes';
import type { FileRecord } from '../file.repository';
import type { FileSources } from '../file-sources';
import type { ByteSource } from '../vault';
import { BundleSource } from './bundle-source';
import type { FileChecksums } from './file-checksums';

/** Raised when the bytes that the same files give change. */
const FORMAT = 'waybill:bundle:v1';

/**
 * Several files as one ZIP archive, which is put together while it is sent: stored, so that its length is known, any range
 * of it can be asked for, and the same files give the same bytes. Names are those of downloads, each once.
 */
export class BundleContent implements Content {
  readonly is: Representation;

  constructor(
    name: string,
    readonly files: readonly FileRecord[],
    private readonly sources: FileSources,
    private readonly checksums: FileChecksums,
  ) {
    this.is = {
      name: `${name}.zip`,
      mediaType: 'application/zip',
      // No checksum changes where anything stands.
      size: layoutOf(files).size,
      etag: `"${fingerprint(files)}"`,
      sha256: null,
    };
  }

  async open(range: ByteRange): Promise<ByteSource> {
    const { pieces } = layoutOf(this.files, await this.checksums.of(this.files));
    return new BundleSource(pieces, range, (entry, within) => this.sources.open(this.files[entry]!, within));
  }
}

function layoutOf(files: readonly FileRecord[], checksums: readonly number[] = []): ZipLayout {
  const names = entryNames(files);
  return zipLayout(
    files.map(({ size, createdAt }, index) => ({
      name: names[index]!,
      size,
      crc32: checksums[index] ?? 0,
      modifiedAt: createdAt,
    })),
  );
}

function entryNames(files: readonly FileRecord[]): string[] {
  return distinctNames(files.map(({ name }) => safeName(name)));
}

/** All that the archive's bytes are made from. */
function fingerprint(files: readonly FileRecord[]): string {
  const names = entryNames(files);
  const parts = files.map((file, index) => [
    names[index],
    file.size,
    file.sha256.toString('hex'),
    file.createdAt,
  ]);
  return sha256(JSON.stringify([FORMAT, ...parts])).toString('base64url');
}

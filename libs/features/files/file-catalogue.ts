import { Injectable } from '@nestjs/common';
import { Clock, type Page } from '@waybill/core/kernel';
import { CursorCodec } from '@waybill/platform/http';
import { DownloadLinks } from './download-links';
import type { FileDto, FileListQuery } from './file.dto';
import { toFileDto } from './file.mapper';
import type { Reader } from './file.policy';
import type { SortKey } from './file-reading';
import { FileRepository, type ListQuery, type ListedFile } from './file.repository';

/** The list of files that somebody can have, page by page. */
@Injectable()
export class FileCatalogue {
  constructor(
    private readonly files: FileRepository,
    private readonly cursors: CursorCodec,
    private readonly links: DownloadLinks,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `VALIDATION_FAILED` for a cursor of another list, order or user. */
  async page(reader: Reader, query: FileListQuery): Promise<Page<FileDto>> {
    const { sort, limit, status, chatId, groupId } = query;
    const scope = JSON.stringify(['files', reader.userId, sort, status, chatId, groupId]);
    const after = query.cursor === undefined ? null : positionOf(this.cursors.decode(scope, query.cursor));
    const descending = sort.startsWith('-');
    const key = sort.replace('-', '') as SortKey;
    const found = await this.files.list(
      reader,
      // One more than asked for tells whether there is a next page.
      { sort: key, descending, limit: limit + 1, after, status, chatId, groupId },
      this.clock.now(),
    );
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      items: await Promise.all(shown.map((file) => this.item(file, reader, query.include === 'downloadUrl'))),
      nextCursor: last === undefined ? null : this.cursors.encode(scope, [last.sortKey, last.id]),
    };
  }

  private async item(file: ListedFile, reader: Reader, withLink: boolean): Promise<FileDto> {
    const item = toFileDto(file, reader);
    if (!withLink) return item;
    const { downloadUrl } = await this.links.issue({ fileId: file.id, userId: reader.userId });
    return { ...item, downloadUrl };
  }
}

function positionOf([key, id]: readonly unknown[]): ListQuery['after'] {
  return { key: String(key), id: String(id) };
}

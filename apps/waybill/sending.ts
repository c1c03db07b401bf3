import { extname } from 'node:path';
import {
  isProblem,
  resumableUpload,
  UnexpectedAnswer,
  type FileAttributes,
  type UploadProgress,
  type WaybillClient,
} from '@waybill/client';
import { Interrupted, type Surroundings } from './command';
import type { Connection } from './connection';
import type { LocalFile } from './local-file';
import type { RememberedUploads } from './remembered-uploads';
import { messageOf } from './report';
import { readableSize } from './terminal';

export const MEDIA_KINDS = ['video', 'photo', 'camera'] as const;
type MediaKind = (typeof MEDIA_KINDS)[number];
export type Kind = 'document' | MediaKind;

const KIND_OF: Record<string, Kind> = Object.fromEntries([
  ...['mp4', 'mov', 'webm', 'mkv'].map((extension) => [`.${extension}`, 'video']),
  ...['jpg', 'jpeg', 'png', 'heic', 'webp'].map((extension) => [`.${extension}`, 'photo']),
]) as Record<string, Kind>;

const LOOK_MS = 400;

/** One file on its way, from here to a file that can be downloaded. */
export class Sending {
  private readonly client: WaybillClient;
  private readonly kind: Kind;
  /** What makes it the same upload when the command is run again. */
  private readonly identity: object;

  constructor(
    connection: Connection,
    private readonly remembered: RememberedUploads,
    private readonly surroundings: Surroundings,
    private readonly file: LocalFile,
    private readonly attributes: FileAttributes,
    kind: Kind | undefined,
  ) {
    this.client = connection.client;
    this.kind = kind ?? KIND_OF[extname(file.name).toLowerCase()] ?? 'document';
    const { path, size, modified } = file;
    this.identity = { who: connection.who, path, size, modified, attributes, kind: this.kind };
  }

  /** Whether it worked; what did not was said. @param resumed the id of an upload that was begun elsewhere */
  async run(resumed?: string): Promise<boolean> {
    const { terminal, signal } = this.surroundings;
    try {
      const uploadId = await this.send(resumed ?? (await this.remembered.find(this.identity)));
      const { fileId } = await this.client.completed(uploadId, {
        signal,
        onProgress: (progress) => this.show(progress),
        onRetry: () => this.waiting(),
      });
      await this.remembered.forget(this.identity);
      await this.compare(fileId);
      terminal.result(`${fileId}  ${this.file.name}`);
      return true;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      terminal.say(`${this.file.name}: ${messageOf(error)}`);
      return false;
    }
  }

  /** Goes on with an upload that is known, or else begins one. */
  private async send(known: string | null): Promise<string> {
    if (known === null) await this.pointAtOthers();
    else {
      try {
        return await this.transfer(known);
      } catch (error) {
        if (!isOver(error)) throw error;
        await this.remembered.forget(this.identity);
        this.surroundings.terminal.say(`${this.file.name}: what was begun of it is gone; beginning anew`);
      }
    }
    return this.transfer(undefined);
  }

  private async transfer(uploadId: string | undefined): Promise<string> {
    const watching = new AbortController();
    const watched: Promise<void>[] = [];
    try {
      return await resumableUpload(this.client, this.file, {
        ...this.attributes,
        name: this.file.name,
        ...(this.kind === 'document' ? {} : { mediaKind: this.kind }),
        ...(uploadId === undefined ? {} : { uploadId }),
        signal: this.surroundings.signal,
        onUploadId: async (id) => {
          await this.remembered.keep(this.identity, id);
          watched.push(this.watch(id, watching.signal));
        },
        onOffset: (offset) => this.showSent(offset, offset > 0 && uploadId !== undefined ? 'resumed' : ''),
        onRetry: () => this.waiting(),
      });
    } catch (error) {
      // What was refused for good is not to be resumed.
      if (isProblem(error) && error.status < 500 && error.code !== 'UNAUTHENTICATED') {
        await this.remembered.forget(this.identity);
      }
      throw error;
    } finally {
      watching.abort();
      await Promise.all(watched);
    }
  }

  /** Between two answers the service itself tells what has arrived; a look that fails costs nothing. */
  private async watch(uploadId: string, signal: AbortSignal): Promise<void> {
    if (!this.surroundings.terminal.animated) return;
    for (; !signal.aborted; await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
      const looked = await this.client
        .GET('/api/upload/progress/{uploadId}', { params: { path: { uploadId } }, signal })
        .catch(() => null);
      if (looked !== null && !signal.aborted) this.show(looked.data);
    }
  }

  /** An upload of the same name and size may be of other bytes: only a person can know. */
  private async pointAtOthers(): Promise<void> {
    const { data } = await this.client.GET('/api/upload', {
      params: { query: { status: 'uploading', limit: 100 } },
    });
    const same = data.items.find(
      ({ fileName, totalBytes, bytesUploaded }) =>
        fileName === this.file.name && totalBytes === this.file.size && bytesUploaded > 0,
    );
    if (same === undefined) return;
    this.surroundings.terminal.say(
      `${this.file.name}: an upload of this name and size was begun elsewhere and is at ${readableSize(same.bytesUploaded)}; to go on with it: --resume ${same.uploadId}`,
    );
  }

  /** What is sealed is compared with what is here. */
  private async compare(id: string): Promise<void> {
    const [{ data }, here] = await Promise.all([
      this.client.GET('/api/files/{id}', { params: { path: { id } } }),
      this.file.sha256(),
    ]);
    if (data.sha256 === here) return;
    throw new Error(
      `the service has other bytes than this file has now (file ${id}): delete one of the two.`,
    );
  }

  private show({ status, bytesUploaded, phasePercent, speed }: UploadProgress): void {
    if (status === 'uploading') {
      this.showSent(bytesUploaded, speed === null ? '' : `${readableSize(speed)}/s`);
      return;
    }
    const part = status === 'completed' ? 1 : (phasePercent ?? 0) / 100;
    this.surroundings.terminal.show({ label: this.file.name, phase: status, part });
  }

  private showSent(bytes: number, note: string): void {
    const { name, size } = this.file;
    const part = size === 0 ? 1 : bytes / size;
    const of = `${readableSize(bytes)} of ${readableSize(size)}`;
    this.surroundings.terminal.show({
      label: name,
      phase: 'uploading',
      part,
      note: note === '' ? of : `${of}, ${note}`,
    });
  }

  private waiting(): void {
    this.surroundings.terminal.show({
      label: this.file.name,
      phase: 'waiting for the service',
      part: null,
    });
  }
}

/** The service knows nothing of it any more, or has ended it. */
function isOver(error: unknown): boolean {
  return error instanceof UnexpectedAnswer && [404, 410].includes(error.status);
}

import { constants } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@waybill/core/kernel';
import { ObjectStore } from '../object-store';
import type { ExpectedRange, ListedObject, ObjectReader, ObjectStat, ObjectWriter } from '../object-store';
import { ObjectExists, ObjectMissing } from '../storage.errors';
import { Directories } from './directories';
import { DirectIo } from './direct-io';
import { errnoOf, toStorageError, translated, unlinkIfThere } from './file-errors';
import { nodeFileSystem, type File, type FileSystem } from './file-system';
import { GenerationFile } from './generation-file';
import { listObjects } from './listing';
import { Layout } from './layout';
import { LocalObjectReader } from './local.reader';
import { LocalObjectWriter } from './local.writer';

const PRIVATE_FILE = 0o600;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW;
const PROBE_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
const WHOLE: ExpectedRange = { start: 0, end: Infinity };
const PROBE = Buffer.alloc(4096, 0x77);

/**
 * Objects as files below one directory, which several processes of one machine (or of a shared POSIX file system) may use at
 * once. `layout.ts` says where, `local.writer.ts` how an object comes to be.
 */
export class LocalObjectStore extends ObjectStore {
  readonly driver = 'local';
  private readonly layout: Layout;
  private readonly directories: Directories;
  private readonly marker: GenerationFile;
  private readonly directIo: DirectIo;

  constructor(
    root: string,
    private readonly fs: FileSystem = nodeFileSystem,
  ) {
    super();
    this.layout = new Layout(root);
    this.directories = new Directories(fs, root);
    this.directIo = new DirectIo(fs);
    this.marker = new GenerationFile(fs, this.directories, root);
  }

  async create(key: string): Promise<ObjectWriter> {
    const directory = this.layout.directory(key);
    const destination = {
      partial: this.layout.partial(key),
      object: this.layout.object(key),
      openDirectory: () => this.directories.open(directory),
    };
    const writer = new LocalObjectWriter(this.fs, await this.openNew(key), destination, this.directIo);
    // Looked for only now: while the partial name is ours, no one else can bring an object to its place.
    try {
      if (await this.head(key)) throw new ObjectExists();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return writer;
  }

  async open(key: string, { once = false }: ExpectedRange = WHOLE): Promise<ObjectReader> {
    const file = await this.openExisting(key);
    try {
      const { size } = await file.stat();
      const direct = once ? await this.directIo.openToRead(this.layout.object(key), size) : null;
      return new LocalObjectReader(file, size, this.directIo, direct);
    } catch (error) {
      await file.close();
      throw toStorageError(error);
    }
  }

  async head(key: string): Promise<ObjectStat | null> {
    try {
      const { size, mtime } = await this.fs.lstat(this.layout.object(key));
      return { key, size, modifiedAt: mtime };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw toStorageError(error);
    }
  }

  async delete(key: string): Promise<void> {
    try {
      // In this order, one after the other: a commit that runs beside it either finds its partial gone, or has moved it
      // before and loses the object.
      await unlinkIfThere(this.fs, this.layout.partial(key));
      await unlinkIfThere(this.fs, this.layout.object(key));
      // Also when nothing was there: whoever removed it before may have died before this.
      await this.directories.sync(this.layout.directory(key));
    } catch (error) {
      // Without the directory there was nothing to remove.
      if (errnoOf(error) !== 'ENOENT') throw toStorageError(error);
    }
  }

  list(prefix: string): AsyncIterable<ListedObject> {
    return listObjects(this.fs, this.layout, prefix);
  }

  generation(): Promise<number | null> {
    return this.marker.read();
  }

  setGeneration(generation: number): Promise<void> {
    return this.marker.write(generation);
  }

  async check(): Promise<void> {
    const path = join(this.layout.root, `~check-${process.pid}`);
    await translated(async () => {
      await this.directories.ensure(this.layout.root);
      const file = await this.fs.open(path, PROBE_FILE, PRIVATE_FILE);
      try {
        const { bytesWritten } = await file.writev([PROBE], 0);
        if (bytesWritten < PROBE.length) throw new AppError('STORAGE_FULL', 'The storage is full.');
        await file.sync();
      } finally {
        await file.close().finally(() => unlinkIfThere(this.fs, path));
      }
    });
  }

  private async openNew(key: string): Promise<File> {
    try {
      await this.directories.ensure(this.layout.directory(key));
      return await this.fs.open(this.layout.partial(key), NEW_FILE, PRIVATE_FILE);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') throw new ObjectExists(error);
      if (errnoOf(error) === 'ENOENT') this.directories.forget();
      throw toStorageError(error);
    }
  }

  private async openExisting(key: string): Promise<File> {
    try {
      return await this.fs.open(this.layout.object(key), READ_FILE);
    } catch (error) {
      throw errnoOf(error) === 'ENOENT' ? new ObjectMissing(error) : toStorageError(error);
    }
  }
}

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Which uploads were begun, so that the same command goes on with them: one small file each, 0600, in the state directory
 * of the user (XDG Base Directory Specification). Nothing in them opens anything.
 */
export class RememberedUploads {
  private readonly directory: string;

  constructor(env: NodeJS.ProcessEnv) {
    const state = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(homedir(), '.local/state');
    this.directory = join(state, 'waybill/uploads');
  }

  /** The upload of exactly this; null where there is none. @param identity everything that makes it the same upload. */
  async find(identity: object): Promise<string | null> {
    const text = await readFile(await this.fileOf(identity), 'utf8').catch(nothing);
    return /^[0-9a-f-]{36}$/.exec(text?.trim() ?? '')?.[0] ?? null;
  }

  async keep(identity: object, uploadId: string): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const file = await this.fileOf(identity);
    const written = `${file}.${process.pid}`;
    await writeFile(written, `${uploadId}\n`, { mode: 0o600 });
    await rename(written, file);
  }

  async forget(identity: object): Promise<void> {
    await rm(await this.fileOf(identity), { force: true });
  }

  /** A digest: names of files are as long and as odd as they like. */
  private async fileOf(identity: object): Promise<string> {
    const bytes = new TextEncoder().encode(JSON.stringify(identity));
    const digest = await crypto.subtle.digest('SHA-256', bytes);
    return join(this.directory, Buffer.from(digest).toString('hex').slice(0, 32));
  }
}

function nothing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

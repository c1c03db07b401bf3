import { patchFile, publishFile, type Person } from './files';
import type { TwoInstances } from './two-instances';

const FILES = 4;
const READERS_OF_A_FILE = 3;

/**
 * Writes and reads files at two instances, at random, for so long. Each write is a number greater than the one before; whoever
 * begins to read when a number was acknowledged must not be told a smaller one, nor one that does not belong to its ETag.
 */
export async function readWhileWriting(
  { api, urls }: TwoInstances,
  owner: Person,
  forMs: number,
): Promise<{ reads: number; hits: number; stale: string[] }> {
  const anywhere = (): ReturnType<Person['at']> => owner.at(urls[Math.random() < 0.5 ? 0 : 1]);
  const until = Date.now() + forMs;
  const result = { reads: 0, hits: 0, stale: [] as string[] };
  const life = async (): Promise<void> => {
    const { id } = await publishFile(api, owner);
    let acknowledged = 0;
    const write = async (): Promise<void> => {
      for (let n = 1; Date.now() < until; n++) {
        const { status, headers } = await patchFile(anywhere(), id, { title: String(n) });
        if (status !== 200) throw new Error(`The change was answered ${status}.`);
        if (headers.get('etag') !== `"r${n + 1}"`) throw new Error('Somebody else has changed the file.');
        acknowledged = n;
        // Sometimes there is time for hits.
        for (let pause = Math.random() < 0.5 ? 0 : 5; pause > 0; pause--)
          await anywhere().get(`/api/files/${id}`);
      }
    };
    const read = async (): Promise<void> => {
      while (Date.now() < until) {
        const known = acknowledged;
        const { body, headers } = await anywhere().get(`/api/files/${id}`);
        const told = Number(body.title ?? 0);
        result.reads++;
        if (headers.get('x-cache') === 'HIT') result.hits++;
        if (told < known) result.stale.push(`${told} after ${known} was acknowledged`);
        if (headers.get('etag') !== `"r${told + 1}"`) result.stale.push(`${told} as ${headers.get('etag')}`);
      }
    };
    await Promise.all([write(), ...Array.from({ length: READERS_OF_A_FILE }, read)]);
  };
  await Promise.all(Array.from({ length: FILES }, life));
  return result;
}

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LargeFilm } from './large-film';
import type { ApiClient } from './system';
import { metadata, TusClient, uploadIdOf } from './tus';

const SEALED_WITHIN_MS = 15 * 60_000;

/** Uploads a film by tus with one break at `breakAt`; resolves when it can be downloaded. */
export async function uploadBrokenOnce(
  owner: ApiClient,
  film: LargeFilm,
  breakAt: number,
): Promise<{ fileId: string; resumedAt: number }> {
  const tus = new TusClient(owner);
  const path = await tus.begin(film.size, {
    'upload-metadata': metadata({
      filename: 'film.mp4',
      filetype: 'video/mp4',
      category: 'media',
      mediaKind: 'video',
    }),
  });
  await expect(patch(owner, path, film, 0, breakAt)).rejects.toThrow('The cable was pulled.');
  const resumedAt = await tus.offset(path);
  expect(await patch(owner, path, film, resumedAt, film.size)).toBe(204);
  const { fileId } = await owner.waitForStatus(uploadIdOf(path), 'completed', SEALED_WITHIN_MS);
  return { fileId: fileId as string, resumedAt };
}

/** One PATCH of all that is left from `offset`, whose connection breaks at `end` when that is not all. */
async function patch(
  { baseUrl, token }: ApiClient,
  path: string,
  film: LargeFilm,
  offset: number,
  end: number,
): Promise<number> {
  const sent = request(`${baseUrl}${path}`, {
    method: 'PATCH',
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      'tus-resumable': '1.0.0',
      'content-type': 'application/offset+octet-stream',
      'upload-offset': offset,
      'content-length': film.size - offset,
    },
  });
  const answered = once(sent, 'response');
  answered.catch(() => undefined);
  const body = function* (): Generator<Buffer> {
    yield* film.bytes(offset, end);
    if (end < film.size) throw new Error('The cable was pulled.');
  };
  await pipeline(Readable.from(body()), sent);
  const [response] = (await answered) as [{ statusCode: number; resume(): void }];
  response.resume();
  return response.statusCode;
}

/** SHA-256 of what a download brings. */
export async function downloadedSha256({ baseUrl, token }: ApiClient, fileId: string): Promise<string> {
  const answer = await fetch(`${baseUrl}/api/files/${fileId}/content`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  const hash = createHash('sha256');
  for await (const chunk of answer.body!) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** Asks for a range, and compares it. */
export async function expectRange(
  owner: ApiClient,
  fileId: string,
  film: LargeFilm,
  start: number,
  end: number,
): Promise<void> {
  const answer = await owner.get(`/api/files/${fileId}/content`, { range: `bytes=${start}-${end - 1}` });
  expect([answer.status, answer.headers.get('content-range')]).toEqual([
    206,
    `bytes ${start}-${end - 1}/${film.size}`,
  ]);
  expect(answer.bytes.equals(Buffer.concat([...film.bytes(start, end)]))).toBe(true);
}

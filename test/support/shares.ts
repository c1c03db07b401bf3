import type { ApiClient, Answer } from './system/api-client';

/** A share as its creation answered. */
export interface Shared {
  id: string;
  token: string;
  /** Path of the bytes, on any instance. */
  path: string;
  /** Path of the page for people. */
  page: string;
  body: Record<string, any>;
}

export async function share(owner: ApiClient, fileId: string, wish: object = {}): Promise<Shared> {
  return sharedBy(await owner.post(`/api/files/${fileId}/share`, wish));
}

export function sharedBy(answer: Answer): Shared {
  if (answer.status !== 201) throw new Error(`share: ${answer.status} ${answer.bytes.toString()}`);
  const { id, token, shareUrl, directUrl } = answer.body as Record<string, string>;
  return { id: id!, token: token!, path: pathOf(directUrl!), page: pathOf(shareUrl!), body: answer.body };
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

export async function unlock(caller: ApiClient, { path }: Shared, password: unknown): Promise<Answer> {
  return caller.post(`${path}/unlock`, { password });
}

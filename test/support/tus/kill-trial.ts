import type { TestSystem } from '../system';
import { OpenPatch } from './open-patch';
import type { TusClient } from './tus-client';

const SLICE = 64 * 1024;

export interface KillTrial {
  bytes: Buffer;
  kills: number;
  /** How many bytes are sent and acknowledged between two kills. */
  acknowledged: number;
}

/**
 * Uploads while the API is killed again and again, each time at another moment, and holds each offset against what was
 * sent and what was acknowledged. Answers the upload's address; its last bytes were acknowledged.
 */
export async function uploadThroughKills(
  system: TestSystem,
  tus: TusClient,
  { bytes, kills, acknowledged }: KillTrial,
): Promise<string> {
  const path = await tus.begin(bytes.length);
  let offset = 0;
  for (let kill = 0; kill < kills; kill++) {
    const sure = bytes.subarray(offset, offset + acknowledged);
    const answer = await tus.patch(path, offset, sure);
    if (answer.status !== 204) throw new Error(`PATCH: ${answer.status} ${answer.bytes.toString()}`);
    const least = offset + sure.length;
    // So much of the rest may be sent that there is something left for all the kills.
    const share = Math.floor((bytes.length - least) / (kills - kill + 1));
    const most = await killWhileSending(
      system,
      tus,
      path,
      bytes.subarray(least, least + share),
      least,
      bytes.length,
    );
    await system.startApi();
    offset = await tus.offset(path);
    if (offset < least || offset > most)
      throw new Error(`After kill ${kill}: ${offset}, with ${least} acknowledged and ${most} sent`);
  }
  const last = await tus.patch(path, offset, bytes.subarray(offset));
  if (last.status !== 204) throw new Error(`last PATCH: ${last.status} ${last.bytes.toString()}`);
  return path;
}

/** Answers how far what was sent may have come at most. */
async function killWhileSending(
  system: TestSystem,
  tus: TusClient,
  path: string,
  bytes: Buffer,
  offset: number,
  total: number,
): Promise<number> {
  const patch = new OpenPatch(tus.api, path, offset, total - offset);
  const until = Math.floor(Math.random() * bytes.length);
  let sent = 0;
  while (sent < until) {
    const slice = bytes.subarray(sent, sent + SLICE);
    sent += slice.length;
    await patch.send(slice);
  }
  // Some of it is still on its way when the end comes, and parts are in any state.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
  await system.apis[0]!.kill9();
  patch.abort();
  return offset + sent;
}

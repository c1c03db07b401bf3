import { uuidv7 } from '@waybill/core/kernel';
import { content, type PendingPart, type StoredFile, type Upload } from './life';
import { World } from './world';

export interface Inhabited {
  world: World;
  /** Two files of one size, and of two owners. */
  first: StoredFile;
  second: StoredFile;
  empty: StoredFile;
  /** Deleted and swept, and deleted and not swept. */
  gone: StoredFile;
  buried: StoredFile;
  /** Three parts, still coming. */
  running: Upload;
  /** The one after these: written, and not finished. */
  pending: PendingPart;
  received: Upload;
  /** Kept its bytes for another try. */
  unsealable: Upload;
  refused: Upload;
  cancelled: Upload;
}

const KIB = 1024;

/** An installation with one of everything that may be there at any moment of its life. */
export async function inhabit(): Promise<Inhabited> {
  const world = await World.create();
  const { life } = world;
  const [ops, other] = [uuidv7(), uuidv7()];

  const first = await life.file(ops, content(300 * KIB, 1), 256 * KIB);
  const second = await life.file(other, content(300 * KIB, 2));
  const empty = await life.file(ops, Buffer.alloc(0));
  const gone = await life.file(ops, content(10 * KIB));
  await life.deleteFile(gone);
  await life.sweep();
  await world.sequence();
  const buried = await life.file(other, content(20 * KIB));
  await life.deleteFile(buried);

  const upload = async (...parts: number[]): Promise<Upload> => {
    const begun = await life.begin(ops);
    for (const [i, bytes] of parts.entries()) await life.addPart(begun, content(bytes, i));
    return begun;
  };
  const running = await upload(256 * KIB, 5 * KIB, 300 * KIB);
  const pending = await life.startPart(running, content(4 * KIB));
  await life.register(`staging/${uuidv7()}/0-0123456789ab`);
  const received = await upload(7 * KIB);
  await life.receive(received);
  const unsealable = await upload(8 * KIB);
  await life.giveUpSealing(unsealable);
  const refused = await upload(9 * KIB);
  await life.discard(refused, `status = 'failed', failure_code = 'CONTENT_MISMATCH'`);
  const cancelled = await upload(9 * KIB);
  await life.discard(cancelled, `status = 'cancelled'`);
  return {
    world,
    first,
    second,
    empty,
    gone,
    buried,
    running,
    pending,
    received,
    unsealable,
    refused,
    cancelled,
  };
}

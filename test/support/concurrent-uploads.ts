import { setTimeout as sleep } from 'node:timers/promises';
import { largeDocument } from '../fixtures/documents';
import { OpenUpload, TestSystem, type ApiClient } from './system';

const CHUNK = 256 * 1024;

export interface Measured {
  statuses: number[];
  /** Of the API, at its highest, in bytes. */
  peakRss: number;
  /** How long a question for progress took while they ran, in milliseconds. */
  progressP99: number;
  questions: number;
}

/** Lets so many uploads run at once on one instance, and asks for their progress all the while. */
export async function uploadTogether(
  system: TestSystem,
  people: ApiClient[],
  count: number,
  size: number,
): Promise<Measured> {
  const document = Buffer.concat([...largeDocument(size)]);
  const running = Array.from({ length: count }, (_, index) => {
    const owner = people[index % people.length]!;
    return { owner, upload: new OpenUpload(owner, document.length) };
  });
  let over = false;
  const all = Promise.all(
    running.map(async ({ upload }) => {
      for (let at = 0; at < document.length; at += CHUNK)
        await upload.send(document.subarray(at, at + CHUNK));
      return (await upload.finish()).status;
    }),
  ).finally(() => (over = true));
  const times: number[] = [];
  for (let at = 0; !over; at++) {
    const { owner, upload } = running[at % count]!;
    const begun = performance.now();
    const { status } = await owner.get(`/api/upload/progress/${upload.uploadId}`);
    if (status === 200) times.push(performance.now() - begun);
    await sleep(10);
  }
  const statuses = await all;
  const sorted = times.toSorted((a, b) => a - b);
  return {
    statuses,
    peakRss: system.apis[0]!.memory().peak,
    progressP99: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? NaN,
    questions: sorted.length,
  };
}

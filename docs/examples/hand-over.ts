import { createWriteStream, openAsBlob } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createWaybillClient, newIdempotencyKey } from '@waybill/client';

/** Hands a document to one client. Resolves with the id of the file when it can be downloaded. */
export async function handOver(baseUrl: string, apiKey: string, path: string, recipient: string) {
  const waybill = createWaybillClient({ baseUrl, apiKey });
  const { uploadId, fileId } = await waybill.upload(await openAsBlob(path), {
    name: basename(path),
    recipients: [recipient],
    idempotencyKey: newIdempotencyKey(),
  });
  await waybill.completed(uploadId);
  return fileId;
}

/** Downloads everything that was handed to somebody into a folder; resolves with the names. */
export async function fetchAll(baseUrl: string, email: string, password: string, folder: string) {
  const waybill = createWaybillClient({ baseUrl });
  await waybill.logIn(email, password);
  const names: string[] = [];
  for await (const { id, name } of waybill.files()) {
    const { body } = await waybill.download(id);
    await pipeline(Readable.fromWeb(body!), createWriteStream(join(folder, basename(name))));
    names.push(name);
  }
  return names;
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { ChecksumVerifier } from '@waybill/core/crypto';
import type { Principal } from '@waybill/core/kernel';
import type { Tx } from '@waybill/platform/database';
import type { UploadRow } from '../upload.repository';

/** One request at the tus door, and what becomes known while it is carried out. */
export interface TusExchange {
  method: 'POST' | 'HEAD' | 'PATCH' | 'DELETE' | 'OPTIONS';
  principal: Principal | null;
  /** The request as Node has it: bytes go from here to staging, past everybody's streams. */
  request: IncomingMessage;
  /** Chosen by us when an upload is created. */
  uploadId: string;
  /** `Upload-Metadata` as it came. */
  metadata: string | undefined;
  checksum: ChecksumVerifier | null;
  /** What else becomes true with the creation. */
  together?: (tx: Tx, uploadId: string) => Promise<void>;
  /** As it was last seen; null as long as it was not. */
  upload: UploadRow | null;
  /** What this request writes under; null when it does not. */
  epoch: number | null;
}

const exchanges = new AsyncLocalStorage<TusExchange>();

/** @tus/server tells its store ids and streams; the rest of the request is found by this. */
export function currentExchange(): TusExchange {
  const exchange = exchanges.getStore();
  if (!exchange) throw new Error('There is no request at the tus door.');
  return exchange;
}

export function inExchange<T>(exchange: TusExchange, work: () => Promise<T>): Promise<T> {
  return exchanges.run(exchange, work);
}

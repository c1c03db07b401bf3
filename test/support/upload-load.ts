import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { largeDocument } from '../fixtures/documents';
import type { ApiClient } from './system';

/** An upload that was answered with 201, and what must come out of it. */
export interface Acknowledged {
  uploadId: string;
  fileId: string;
  sha256: string;
}

export const documentOf = (seed: number): Buffer => Buffer.concat([...largeDocument(30_000, { seed })]);
export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Uploads one document after the other until told to stop, as several clients at once, and keeps what was acknowledged. */
export class UploadLoad {
  readonly acknowledged: Acknowledged[] = [];
  /** Every status that was answered; 0 where the connection broke. */
  readonly statuses = new Set<number>();
  private running = true;
  private readonly clients: Promise<void>[];
  private seed = 1;

  constructor(
    private readonly owner: ApiClient,
    clients = 4,
  ) {
    this.clients = Array.from({ length: clients }, () => this.client());
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.clients);
  }

  private async client(): Promise<void> {
    while (this.running) {
      const bytes = documentOf(this.seed++);
      const answer = await this.owner.upload(bytes).catch(() => null);
      this.statuses.add(answer?.status ?? 0);
      if (answer?.status === 201) this.acknowledged.push({ ...answer.body, sha256: sha256Of(bytes) });
      // Uploads are taken faster than they are sealed, and all of them are waited for.
      await delay(50);
    }
  }
}

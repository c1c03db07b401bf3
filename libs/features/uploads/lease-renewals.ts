import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { ObjectRegistry } from '@waybill/platform/objects';
import { UploadRepository, type Writer } from './upload.repository';

/** How long the first waits for others; far less than a lease. */
const GATHER_MS = 200;

/** A writer who lives, and what he holds. */
export interface Renewal {
  writer: Writer;
  ownerId: string;
  /** Of objects that are written. */
  keys: readonly string[];
}

/** What a renewal has shown: whether the upload is still the writer's, and whether its owner may still upload. */
export interface Renewed {
  open: boolean;
  allowed: boolean;
  /** When the database was asked, by `performance.now()`. */
  asked: number;
}

interface Waiting extends Renewal {
  resolve(renewed: Renewed): void;
  reject(error: unknown): void;
}

/**
 * Renews the leases of all uploads that this process receives, a round of them in three statements: a hundred uploads
 * ask no more of the database than one.
 */
@Injectable()
export class LeaseRenewals {
  private waiting: Waiting[] = [];

  constructor(
    private readonly uploads: UploadRepository,
    private readonly objects: ObjectRegistry,
    private readonly config: AppConfig,
  ) {}

  /** Rejects when the database does not answer; nothing is known then. */
  renew(renewal: Renewal): Promise<Renewed> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setTimeout(() => void this.round(), GATHER_MS);
      this.waiting.push({ ...renewal, resolve, reject });
    });
  }

  private async round(): Promise<void> {
    const all = this.waiting;
    this.waiting = [];
    const asked = performance.now();
    try {
      const writers = all.map(({ writer }) => writer);
      const open = new Set(await this.uploads.renew(writers, this.config.leaseMs));
      const owners = [...new Set(all.map(({ ownerId }) => ownerId))];
      const allowed = new Set(await this.uploads.thoseWhoMayUpload(owners));
      const keys = all.flatMap((renewal) => renewal.keys);
      await this.objects.renew(keys, this.config.leaseMs);
      for (const { writer, ownerId, resolve } of all)
        resolve({ open: open.has(writer.uploadId), allowed: allowed.has(ownerId), asked });
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }
}

import {
  AES256_GCM_HKDF_1MB,
  SegmentEncryptor,
  fileAad,
  generateDek,
  sealedSize,
  sha256,
  stagingAad,
  type SegmentFormat,
} from '@waybill/core/crypto';
import { uuidv7 } from '@waybill/core/kernel';
import type { Database, Tx } from '@waybill/platform/database';
import type { Outbox } from '@waybill/platform/events';
import type { Keyring } from '@waybill/platform/keyring';
import type { ObjectStore, ObjectWriter } from '@waybill/platform/storage';
import { STAGING_FORMAT } from '../check-part';

export interface Upload {
  id: string;
  fileId: string;
  ownerId: string;
  dek: Buffer;
  content: Buffer;
  /** Keys of its parts. */
  parts: string[];
}

export interface StoredFile {
  id: string;
  ownerId: string;
  key: string;
  content: Buffer;
  uploadId: string;
}

/** A part of which all bytes are written, and none counts. */
export interface PendingPart {
  key: string;
  finish(): Promise<void>;
}

/** Bytes that differ from place to place, and with the seed. */
export function content(bytes: number, seed = 1): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: bytes }, (_, i) => (seed * 31 + 167 * i + 13 * (i >> 8)) & 0xff),
  );
}

/** What uploads, sealings, deletions and sweeps leave in rows and store, step by step, in the order they keep. */
export class Life {
  private readonly unfinished: ObjectWriter[] = [];

  constructor(
    private readonly database: Database,
    private readonly store: ObjectStore,
    private readonly keyring: Keyring,
    private readonly outbox: Outbox,
  ) {}

  async begin(ownerId: string): Promise<Upload> {
    const upload = {
      id: uuidv7(),
      fileId: uuidv7(),
      ownerId,
      dek: generateDek(),
      content: Buffer.alloc(0),
      parts: [],
    };
    const { kekId, wrapped } = await this.keyring.wrap(upload.dek, {
      purpose: 'staging',
      id: upload.id,
      version: 1,
    });
    await this.database.transaction(async (tx) => {
      await this.database.query(
        `INSERT INTO uploads (id, file_id, owner_id, door, file_name, extension, media_type, category, wrapped_dek, kek_id)
         VALUES ($1, $2, $3, 'multipart', 'a.docx', 'docx', 'application/x', 'document', $4, $5)`,
        [upload.id, upload.fileId, ownerId, wrapped, kekId],
        tx,
      );
      await this.tell(tx, 'upload.created', ownerId, upload.id);
    });
    return upload;
  }

  /** Makes a part durable and then commits it. */
  async addPart(upload: Upload, bytes: Buffer): Promise<void> {
    await (await this.startPart(upload, bytes)).finish();
  }

  /** Writes a part up to its end and does not end it. */
  async startPart(upload: Upload, bytes: Buffer): Promise<PendingPart> {
    const offset = upload.content.length;
    const key = `staging/${upload.id}/${offset}-${uuidv7().slice(-12)}`;
    await this.register(key);
    const writer = await this.beginWrite(key);
    await writer.write([seal(bytes, upload.dek, stagingAad(upload.id, offset), STAGING_FORMAT)]);
    return {
      key,
      finish: async () => {
        const { size } = await writer.commit();
        await this.database.transaction((tx) =>
          this.commitPart(tx, upload, { key, bytes: bytes.length, size }),
        );
        upload.content = Buffer.concat([upload.content, bytes]);
        upload.parts.push(key);
      },
    };
  }

  async receive(upload: Upload): Promise<void> {
    await this.setStatus(upload, `status = 'received', total_bytes = offset_bytes`);
  }

  async giveUpSealing(upload: Upload): Promise<void> {
    await this.receive(upload);
    await this.setStatus(upload, `status = 'failed', failure_code = 'SEALING_FAILED'`);
  }

  /** Ends an upload with nothing left of it. */
  async discard(upload: Upload, how: `status = ${string}`): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.setStatus(upload, `${how}, wrapped_dek = NULL`, tx);
      await this.dropStaging(tx, upload);
      await this.charge(tx, upload.ownerId, -upload.content.length);
    });
  }

  async complete(upload: Upload): Promise<StoredFile> {
    await this.receive(upload);
    const { fileId, ownerId, content } = upload;
    await this.setStatus(upload, `status = 'encrypting', attempt = 1`);
    const key = `vault/${fileId}/1`;
    await this.register(key);
    const dek = generateDek();
    await this.write(key, seal(content, dek, fileAad(fileId, 1), AES256_GCM_HKDF_1MB));
    const { kekId, wrapped } = await this.keyring.wrap(dek, { purpose: 'file', id: fileId, version: 1 });
    await this.database.transaction(async (tx) => {
      await this.setStatus(upload, `status = 'completed', wrapped_dek = NULL`, tx);
      await this.publish(tx, key, sealedSize(content.length));
      await this.database.query(
        `INSERT INTO files (id, owner_id, name, extension, media_type, category, size, sha256, object_key,
                            object_version, wrapped_dek, kek_id)
         VALUES ($1, $2, 'a.docx', 'docx', 'application/x', 'document', $3, $4, $5, 1, $6, $7)`,
        [fileId, ownerId, content.length, sha256(content), key, wrapped, kekId],
        tx,
      );
      await this.dropStaging(tx, upload);
      await this.tell(tx, 'upload.completed', ownerId, upload.id);
    });
    return { id: fileId, ownerId, key, content, uploadId: upload.id };
  }

  /** A file that came in parts of at most so many bytes. */
  async file(ownerId: string, bytes: Buffer, partBytes = 1024 * 1024): Promise<StoredFile> {
    const upload = await this.begin(ownerId);
    for (let at = 0; at < bytes.length; at += partBytes)
      await this.addPart(upload, bytes.subarray(at, at + partBytes));
    return this.complete(upload);
  }

  async deleteFile(file: StoredFile): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.database.query(
        `UPDATE files SET deleted_at = now(), wrapped_dek = NULL, revision = revision + 1 WHERE id = $1`,
        [file.id],
        tx,
      );
      await this.bury(tx, [file.key]);
      await this.charge(tx, file.ownerId, -file.content.length);
      await this.tell(tx, 'file.deleted', file.ownerId, file.id);
    });
  }

  /** Removes the bytes of what is dead, then its rows. */
  async sweep(): Promise<void> {
    const dead = await this.database.query<{ key: string }>(`SELECT key FROM objects WHERE state = 'dead'`);
    for (const { key } of dead) await this.store.delete(key);
    const keys = dead.map(({ key }) => key);
    await this.database.query(`DELETE FROM objects WHERE key = ANY($1) AND state = 'dead'`, [keys]);
  }

  async register(key: string): Promise<void> {
    await this.database.query(
      `INSERT INTO objects (key, driver, state, lease_until) VALUES ($1, 'local', 'writing', now() + interval '1 minute')`,
      [key],
    );
  }

  /** Stores an object, registered or not. */
  async write(key: string, bytes: Buffer): Promise<void> {
    const writer = await this.store.create(key);
    await writer.write([bytes]);
    await writer.commit();
  }

  /** Begins an object that nobody may end while the world stands. */
  async writeUnfinished(key: string): Promise<void> {
    await (await this.beginWrite(key)).write([Buffer.alloc(1_000, 7)]);
  }

  async end(): Promise<void> {
    for (const writer of this.unfinished) await writer.abort();
  }

  private async beginWrite(key: string): Promise<ObjectWriter> {
    const writer = await this.store.create(key);
    this.unfinished.push(writer);
    return writer;
  }

  private async commitPart(
    tx: Tx,
    { id, ownerId, content }: Upload,
    { key, bytes, size }: { key: string; bytes: number; size: number },
  ): Promise<void> {
    await this.database.query(
      'UPDATE uploads SET offset_bytes = offset_bytes + $2, part_count = part_count + 1 WHERE id = $1',
      [id, bytes],
      tx,
    );
    await this.database.query(
      'INSERT INTO upload_parts VALUES ($1, $2, $3, $4)',
      [id, content.length, bytes, key],
      tx,
    );
    await this.publish(tx, key, size);
    await this.charge(tx, ownerId, bytes);
  }

  private async setStatus(upload: Upload, columns: string, tx?: Tx): Promise<void> {
    await this.database.query(`UPDATE uploads SET ${columns} WHERE id = $1`, [upload.id], tx);
  }

  private async dropStaging(tx: Tx, upload: Upload): Promise<void> {
    await this.bury(tx, upload.parts);
    await this.database.query('DELETE FROM upload_parts WHERE upload_id = $1', [upload.id], tx);
  }

  private async publish(tx: Tx, key: string, size: number): Promise<void> {
    await this.database.query(
      `UPDATE objects SET state = 'live', size = $2, lease_until = NULL WHERE key = $1`,
      [key, size],
      tx,
    );
  }

  private async bury(tx: Tx, keys: string[]): Promise<void> {
    await this.database.query(
      `UPDATE objects SET state = 'dead', died_at = now() WHERE key = ANY($1)`,
      [keys],
      tx,
    );
  }

  private async charge(tx: Tx, userId: string, bytes: number): Promise<void> {
    await this.database.query(
      `INSERT INTO storage_usage AS usage VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET used_bytes = usage.used_bytes + excluded.used_bytes`,
      [userId, bytes],
      tx,
    );
  }

  private async tell(
    tx: Tx,
    type: 'upload.created' | 'upload.completed' | 'file.deleted',
    ownerId: string,
    subjectId: string,
  ): Promise<void> {
    const data = { uploadId: subjectId, fileId: subjectId, fileName: 'a.docx', size: 0 };
    await this.outbox.append(tx, { type, actorId: ownerId, ownerId, subjectId, data });
  }
}

function seal(plaintext: Buffer, key: Buffer, aad: Buffer, format: SegmentFormat): Buffer {
  const encryptor = new SegmentEncryptor({ key, aad, format });
  return Buffer.concat([...encryptor.update(plaintext), ...encryptor.final()]);
}

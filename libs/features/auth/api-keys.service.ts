import { Injectable } from '@nestjs/common';
import { hashToken, randomToken } from '@waybill/core/crypto';
import { AppError, uuidv7, type Page, type Scope, type UserPrincipal } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { Outbox } from '@waybill/platform/events';
import { CursorCodec } from '@waybill/platform/http';
import { API_KEY_BYTES, API_KEY_PREFIX, hasApiKeyForm } from './api-key.policy';
import { ApiKeyRepository, type ApiKeyRecord } from './api-key.repository';

export interface ApiKeyWish {
  name: string;
  scopes: Scope[];
  expiresAt: Date;
}

/** Credentials for integrations. A key speaks for its owner, within its scopes, until it expires or is revoked. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeyRepository,
    private readonly cursors: CursorCodec,
    private readonly outbox: Outbox,
  ) {}

  /** Makes a key. This is the only time that it can be seen: what rests is its hash. */
  async create(userId: string, wish: ApiKeyWish): Promise<{ record: ApiKeyRecord; key: string }> {
    const key = API_KEY_PREFIX + randomToken(API_KEY_BYTES);
    const id = uuidv7();
    const scopes = [...new Set(wish.scopes)];
    const record = await this.database.transaction(async (tx) => {
      const added = await this.keys.insert(tx, { ...wish, id, userId, scopes, keyHash: hashToken(key) });
      await this.outbox.append(tx, { type: 'api_key.created', ...about(userId, id) });
      return added;
    });
    return { record, key };
  }

  /** @throws AppError `VALIDATION_FAILED` for a cursor of another list. */
  async page(userId: string, query: { limit: number; cursor?: string }): Promise<Page<ApiKeyRecord>> {
    const scope = JSON.stringify(['api-keys', userId]);
    const before = query.cursor === undefined ? null : String(this.cursors.decode(scope, query.cursor)[0]);
    // One more than asked for tells whether there is a next page.
    const found = await this.keys.list(userId, before, query.limit + 1);
    const items = found.slice(0, query.limit);
    const more = found.length > items.length;
    return { items, nextCursor: more ? this.cursors.encode(scope, [items.at(-1)!.id]) : null };
  }

  /** Ends a key at once. `NOT_FOUND` for those of others, too. */
  async revoke(userId: string, id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await this.keys.delete(tx, userId, id))) throw AppError.notFound();
      await this.outbox.append(tx, { type: 'api_key.revoked', ...about(userId, id) });
    });
  }

  /** For whom a key speaks right now; null when it is not good. Nothing is cached. */
  async principal(key: string): Promise<UserPrincipal | null> {
    if (!hasApiKeyForm(key)) return null;
    const live = await this.keys.findLive(hashToken(key));
    if (live === null) return null;
    const { id, scopes, stale, ...owner } = live;
    if (stale) await this.keys.noteUse(id);
    return { kind: 'user', ...owner, sessionId: null, apiKey: { id, scopes } };
  }

  /** For whom these keys, by their ids, speak right now; those that are not good are absent. */
  async renew(ids: readonly string[]): Promise<Map<string, UserPrincipal>> {
    const live = ids.length === 0 ? [] : await this.keys.findAllLive(ids);
    return new Map(
      live.map(({ id, scopes, ...owner }) => [
        id,
        { kind: 'user', ...owner, sessionId: null, apiKey: { id, scopes } },
      ]),
    );
  }
}

function about(userId: string, apiKeyId: string) {
  return { actorId: userId, ownerId: userId, subjectId: apiKeyId, data: { userId, apiKeyId } };
}

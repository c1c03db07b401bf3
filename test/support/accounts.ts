import { randomUUID } from 'node:crypto';
import type { Role } from '@waybill/core/kernel';
import { AccountsService, ConfirmationLinks, ResetLinks } from '@waybill/features/auth';
import type { ApiApp } from './api-app';
import { ApiClient } from './system/api-client';

export const PASSWORD = 'correct horse battery staple';

/** Somebody with an account, who is logged in. */
export interface Person {
  id: string;
  email: string;
  role: Role;
  client: ApiClient;
  refreshToken: string;
}

/** Makes accounts in an API of this process, and finds what was mailed about them. */
export class Accounts {
  private readonly anonymous: ApiClient;

  constructor(private readonly api: ApiApp) {
    this.anonymous = new ApiClient(api.url);
  }

  newAddress(): string {
    return `ada-${randomUUID()}@example.com`;
  }

  /** A verified account. */
  async create(role: Role = 'client', email = this.newAddress()): Promise<{ id: string; email: string }> {
    const accounts = this.api.app.get(AccountsService, { strict: false });
    const { id } = await accounts.create({ email, role, password: PASSWORD, verified: true });
    return { id, email };
  }

  /** A session of an account. */
  async logIn(email: string, password = PASSWORD): Promise<{ client: ApiClient; refreshToken: string }> {
    const client = new ApiClient(this.api.url);
    const { status, body } = await client.login(email, password);
    if (status !== 200) throw new Error(`login: ${status}`);
    return { client, refreshToken: body.refreshToken };
  }

  /** A verified account with a session. */
  async person(role: Role = 'client'): Promise<Person> {
    const account = await this.create(role);
    return { ...account, role, ...(await this.logIn(account.email)) };
  }

  async status(client: ApiClient): Promise<number> {
    return (await client.get('/api/auth/me')).status;
  }

  async refreshes(refreshToken: string): Promise<boolean> {
    return (await this.anonymous.post('/api/auth/refresh', { refreshToken })).status === 200;
  }

  async canLogIn(email: string, password = PASSWORD): Promise<boolean> {
    return (await this.anonymous.post('/api/auth/login', { email, password })).status === 200;
  }

  /** The link of the newest mail that asks to confirm, or to reset; null where none was asked for. */
  async link(userId: string, purpose: 'confirmation' | 'password_reset'): Promise<URL | null> {
    const [event] = await this.api.query<{ id: string }>(
      `SELECT data->>'tokenId' AS id FROM events WHERE owner_id = $1 AND type = $2 ORDER BY id DESC LIMIT 1`,
      [userId, `user.${purpose}_requested`],
    );
    if (event === undefined) return null;
    const links = this.api.app.get(purpose === 'confirmation' ? ConfirmationLinks : ResetLinks, {
      strict: false,
    });
    const link = await links.linkFor(event.id);
    return link && new URL(link.url);
  }

  /** The types of all events that are a user's. */
  async events(userId: string): Promise<string[]> {
    const rows = await this.api.query<{ type: string }>(
      'SELECT type FROM events WHERE owner_id = $1 ORDER BY id',
      [userId],
    );
    return rows.map(({ type }) => type);
  }
}

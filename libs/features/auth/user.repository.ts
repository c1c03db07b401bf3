import { Injectable } from '@nestjs/common';
import type { Role } from '@waybill/core/kernel';
import { Database, type Tx } from '@waybill/platform/database';

export interface NewUser {
  id: string;
  email: string;
  fullName: string | null;
  role: Role;
  passwordHash: string;
  emailVerified: boolean;
}

/** An account as the rest of the feature sees it. */
export interface Account {
  id: string;
  email: string;
  fullName: string | null;
  role: Role;
  emailVerified: boolean;
  disabled: boolean;
}

export interface AccountWithPassword extends Account {
  passwordHash: string;
}

const ACCOUNT = `id, email, full_name AS "fullName", role, email_verified_at IS NOT NULL AS "emailVerified",
  disabled_at IS NOT NULL AS disabled`;

/** The accounts. Addresses are compared without case (citext). */
@Injectable()
export class UserRepository {
  constructor(private readonly database: Database) {}

  /** Adds an account; false where the address has one. */
  async insert(tx: Tx, user: NewUser): Promise<boolean> {
    const added = await this.database.query(
      `INSERT INTO users (id, email, full_name, role, password_hash, email_verified_at)
       VALUES ($1, $2, $3, $4, $5, CASE WHEN $6::boolean THEN now() END)
       ON CONFLICT (email) DO NOTHING RETURNING id`,
      [user.id, user.email, user.fullName, user.role, user.passwordHash, user.emailVerified],
      tx,
    );
    return added.length === 1;
  }

  async findById(id: string): Promise<Account | null> {
    const [account] = await this.database.query<Account>(`SELECT ${ACCOUNT} FROM users WHERE id = $1`, [id]);
    return account ?? null;
  }

  async findWithPassword(id: string): Promise<AccountWithPassword | null> {
    const [account] = await this.database.query<AccountWithPassword>(
      `SELECT ${ACCOUNT}, password_hash AS "passwordHash" FROM users WHERE id = $1`,
      [id],
    );
    return account ?? null;
  }

  async findByEmail(email: string): Promise<AccountWithPassword | null> {
    const [account] = await this.database.query<AccountWithPassword>(
      `SELECT ${ACCOUNT}, password_hash AS "passwordHash" FROM users WHERE email = $1`,
      [email],
    );
    return account ?? null;
  }

  async findMany(ids: string[]): Promise<Account[]> {
    return this.database.query<Account>(`SELECT ${ACCOUNT} FROM users WHERE id = ANY($1::uuid[])`, [ids]);
  }

  /** The account of that address, locked until `tx` ends: what follows about it happens one after the other. */
  async lockByEmail(tx: Tx, email: string): Promise<Account | null> {
    const [account] = await this.database.query<Account>(
      `SELECT ${ACCOUNT} FROM users WHERE email = $1 FOR UPDATE`,
      [email],
      tx,
    );
    return account ?? null;
  }

  /** Notes that the address is the account's own; false where that was known, or the account is disabled. */
  async markVerified(tx: Tx, id: string): Promise<boolean> {
    const changed = await this.database.query(
      `UPDATE users SET email_verified_at = now(), updated_at = now()
       WHERE id = $1 AND email_verified_at IS NULL AND disabled_at IS NULL RETURNING id`,
      [id],
      tx,
    );
    return changed.length === 1;
  }

  /** Sets the password of an account in good standing; false where it is not one. */
  async setPassword(tx: Tx, id: string, passwordHash: string): Promise<boolean> {
    const changed = await this.database.query(
      `UPDATE users SET password_hash = $2, updated_at = now()
       WHERE id = $1 AND disabled_at IS NULL AND email_verified_at IS NOT NULL RETURNING id`,
      [id, passwordHash],
      tx,
    );
    return changed.length === 1;
  }

  /** Replaces the password that was there; false where it is another by now, or the account is disabled. */
  async changePassword(tx: Tx, id: string, from: string, to: string): Promise<boolean> {
    const changed = await this.database.query(
      `UPDATE users SET password_hash = $3, updated_at = now()
       WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL RETURNING id`,
      [id, from, to],
      tx,
    );
    return changed.length === 1;
  }
}

import { sha256 } from '@waybill/core/crypto';
import type { AccountSettings, AdministeredAccount } from './user-administration.repository';

const SETTINGS = ['role', 'disabled', 'fullName', 'quotaBytes'] as const satisfies (keyof AccountSettings)[];

/** The settings after a change: what it does not name stays. */
export function withChange(
  { role, disabled, fullName, quotaBytes }: AccountSettings,
  change: Partial<AccountSettings>,
): AccountSettings {
  const named = Object.entries(change).filter(([, value]) => value !== undefined);
  return { role, disabled, fullName, quotaBytes, ...Object.fromEntries(named) };
}

/** The names of the settings that differ. */
export function changedSettings(from: AccountSettings, to: AccountSettings): string[] {
  return SETTINGS.filter((name) => from[name] !== to[name]);
}

/** The strong entity tag of an account: it changes with whatever an admin or its owner changes, and not with what is used. */
export function accountEtag(account: AdministeredAccount): string {
  const { id, email, fullName, role, emailVerified, disabled, quotaBytes, createdAt } = account;
  const told = JSON.stringify([id, email, fullName, role, emailVerified, disabled, quotaBytes, createdAt]);
  return `"${sha256(told).toString('base64url').slice(0, 22)}"`;
}

export function isActiveAdmin({ role, disabled }: Pick<AccountSettings, 'role' | 'disabled'>): boolean {
  return role === 'admin' && !disabled;
}

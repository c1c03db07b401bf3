import type { AccountSettings } from './user-administration.repository';

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

export function isActiveAdmin({ role, disabled }: Pick<AccountSettings, 'role' | 'disabled'>): boolean {
  return role === 'admin' && !disabled;
}

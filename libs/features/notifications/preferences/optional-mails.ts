/**
 * The mails that can be switched off: name of the preference → template. Those that an account needs (confirmation,
 * reset, invitation) are not among them: who asked for one has to get it.
 */
export const OPTIONAL_MAILS = {
  fileAvailable: 'file-granted',
  fileDownloaded: 'file-downloaded',
  fileExpiring: 'file-expiring',
} as const;

export type MailPreference = keyof typeof OPTIONAL_MAILS;
export type OptionalTemplate = (typeof OPTIONAL_MAILS)[MailPreference];
export type MailPreferences = Record<MailPreference, boolean>;

export const MAIL_PREFERENCES = Object.keys(OPTIONAL_MAILS) as MailPreference[];

export function isOptional(template: unknown): template is OptionalTemplate {
  return (Object.values(OPTIONAL_MAILS) as unknown[]).includes(template);
}

export const ROLES = ['admin', 'ops', 'client'] as const;
export type Role = (typeof ROLES)[number];

/** What an API key may be made for. Each route that a key may use names the scopes that open it. */
export const SCOPES = ['files:read', 'files:write', 'shares', 'webhooks'] as const;
export type Scope = (typeof SCOPES)[number];

/** The API key that a request came with, and what it may be used for. */
export interface ApiKeyRef {
  id: string;
  scopes: readonly Scope[];
}

/** A person or an integration with an account, as the authentication guard found them on this very request. */
export interface UserPrincipal {
  kind: 'user';
  userId: string;
  role: Role;
  email: string;
  emailVerified: boolean;
  /** The session (family of refresh tokens) that the access token belongs to; null for an API key. */
  sessionId: string | null;
  /** Set where an API key speaks for the user: it may no more than its scopes say, and never more than the user. */
  apiKey?: ApiKeyRef;
}

/** Who asks. Features meet authentication through this alone. */
export type Principal = UserPrincipal;

/** Ops and admins upload and own files; `admin` may everything that `ops` may. */
export function mayUpload(principal: Principal): boolean {
  return principal.role === 'ops' || principal.role === 'admin';
}

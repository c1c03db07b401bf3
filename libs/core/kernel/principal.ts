export const ROLES = ['admin', 'ops', 'client'] as const;
export type Role = (typeof ROLES)[number];

/** A person or an integration with an account, as the authentication guard found them on this very request. */
export interface UserPrincipal {
  kind: 'user';
  userId: string;
  role: Role;
  email: string;
  emailVerified: boolean;
  /** The session (family of refresh tokens) that the access token belongs to. */
  sessionId: string;
}

/** Who asks. Features meet authentication through this alone. */
export type Principal = UserPrincipal;

/** Ops and admins upload and own files; `admin` may everything that `ops` may. */
export function mayUpload(principal: Principal): boolean {
  return principal.role === 'ops' || principal.role === 'admin';
}

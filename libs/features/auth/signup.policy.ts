import type { SignupPolicy } from '@waybill/platform/config';

/** Whether somebody with that address may make an account by himself. Subdomains are not part of a domain. */
export function maySignUp(policy: SignupPolicy, email: string): boolean {
  switch (policy.kind) {
    case 'open':
      return true;
    case 'invite':
      return false;
    case 'domains':
      return policy.domains.includes(email.slice(email.lastIndexOf('@') + 1).toLowerCase());
  }
}

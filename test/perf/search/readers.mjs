import { ownerId, READER } from './load-files.mjs';

/** Who asks: for the nth time. @type {Record<string, (n: number, owners: number) => object>} */
export const READERS = {
  ops: (n, owners) => ({
    userId: ownerId(1 + ((n * 7) % owners)),
    role: 'ops',
    email: 'x',
    emailVerified: true,
  }),
  client: () => ({ ...READER, role: 'client', emailVerified: true }),
};

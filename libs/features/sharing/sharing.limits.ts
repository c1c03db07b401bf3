/** Twenty a minute for each address, on routes that begin with a token; counted together. */
export const TOKEN_ROUTES = { name: 'share', points: 20, seconds: 60, by: 'address' } as const;

/** Tokens that lead nowhere, on the route that hands out bytes: whoever has a good one is not held up there. */
export const UNKNOWN_TOKENS = { name: 'share-unknown', points: 20, seconds: 60 } as const;

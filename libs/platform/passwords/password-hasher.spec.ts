import { PasswordHasher } from './password-hasher';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();
  const verify = (stored: string | null, password: string, account = 'eve@example.org') =>
    hasher.trial('account', account, (verifyPassword) => verifyPassword(stored, password));

  it('hashes with argon2id, and a new salt each time', async () => {
    const [one, two] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await verify(one, 'correct horse')).toBe(true);
  });

  it.each([
    ['a difference at byte 73', 'x'.repeat(72) + 'a', 'x'.repeat(72) + 'b'],
    ['a space before', 'correct horse', ' correct horse'],
    ['a space behind', 'correct horse', 'correct horse '],
    ['case', 'correct horse', 'Correct horse'],
  ])('tells apart by %s', async (_name, password, other) => {
    const stored = await hasher.hash(password);
    expect(await verify(stored, password)).toBe(true);
    expect(await verify(stored, other)).toBe(false);
  });

  it('takes composed and decomposed letters for the same', async () => {
    expect(await verify(await hasher.hash('caf\u00e9 at noon'), 'cafe\u0301 at noon')).toBe(true);
  });

  it('is never right without an account, not even with the empty password', async () => {
    expect(await verify(null, '')).toBe(false);
    expect(await verify(null, 'correct horse')).toBe(false);
  });

  it('turns a flood away, at one account sooner, and goes on afterwards', async () => {
    const flood = (length: number, account: (index: number) => string) =>
      Promise.allSettled(Array.from({ length }, (_, index) => verify(null, 'x', account(index))));
    const [atOne, atMany] = await Promise.all([
      flood(100, () => 'ada@example.org'),
      flood(100, (index) => `nobody-${index}@example.org`),
    ]);
    const refused = (results: PromiseSettledResult<boolean>[]) =>
      results.filter((result) => result.status === 'rejected');
    expect(refused(atOne).length).toBeGreaterThanOrEqual(100 - 16);
    expect(refused(atMany).length).toBeGreaterThan(0);
    expect(refused(atMany).length).toBeLessThan(50);
    expect(refused(atOne)[0]!.reason).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: expect.any(Number),
    });
    await expect(verify(null, 'x')).resolves.toBe(false);
  }, 60_000);

  it('serves another account during a flood at one, long before the flood is over', async () => {
    let over = false;
    const flood = Promise.allSettled(
      Array.from({ length: 16 }, () => verify(null, 'x', 'ada@example.org')),
    ).finally(() => (over = true));
    await verify(null, 'x', 'bob@example.org');
    expect(over).toBe(false);
    await flood;
  }, 60_000);

  it('gives no place of a login to the flood at shares or of sign-ups that comes after it', async () => {
    const crowd = (come: (index: number) => Promise<unknown>, size = 100) =>
      Promise.allSettled(Array.from({ length: size }, (_, index) => come(index)));
    const inside = crowd((index) => verify(null, 'x', `nobody-${index}@example.org`), 8);
    const login = verify(null, 'x', 'ada@example.org'); // Has to wait, and newcomers are let in first.
    const floods = [
      crowd((index) =>
        hasher.trial('share', `share ${index}`, (verifyPassword) => verifyPassword(null, 'x')),
      ),
      crowd(() => hasher.hash('correct horse')),
    ];
    let over = false;
    const all = Promise.all(floods).finally(() => (over = true));
    await expect(login).resolves.toBe(false);
    expect(over).toBe(false);
    const refused = (await all).map(
      (results) => results.filter(({ status }) => status === 'rejected').length,
    );
    for (const count of refused) expect(count).toBeGreaterThan(0);
    await inside;
  }, 60_000);
});

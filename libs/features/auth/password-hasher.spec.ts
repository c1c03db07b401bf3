import { PasswordHasher } from './password-hasher';

describe('PasswordHasher', () => {
  const hasher = new PasswordHasher();

  it('hashes with argon2id, and a new salt each time', async () => {
    const [one, two] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await hasher.verify(one, 'correct horse')).toBe(true);
  });

  it.each([
    ['a difference at byte 73', 'x'.repeat(72) + 'a', 'x'.repeat(72) + 'b'],
    ['a space before', 'correct horse', ' correct horse'],
    ['a space behind', 'correct horse', 'correct horse '],
    ['case', 'correct horse', 'Correct horse'],
  ])('tells apart by %s', async (_name, password, other) => {
    const stored = await hasher.hash(password);
    expect(await hasher.verify(stored, password)).toBe(true);
    expect(await hasher.verify(stored, other)).toBe(false);
  });

  it('takes composed and decomposed letters for the same', async () => {
    expect(await hasher.verify(await hasher.hash('caf\u00e9 at noon'), 'cafe\u0301 at noon')).toBe(true);
  });

  it('is never right without an account, not even with the empty password', async () => {
    expect(await hasher.verify(null, '')).toBe(false);
    expect(await hasher.verify(null, 'correct horse')).toBe(false);
  });

  it('turns a flood away, and goes on afterwards', async () => {
    const results = await Promise.allSettled(Array.from({ length: 200 }, () => hasher.verify(null, 'x')));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(200 - 2 - 128);
    expect(refused[0]!.reason).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) });
    await expect(hasher.verify(null, 'x')).resolves.toBe(false);
  }, 60_000);
});

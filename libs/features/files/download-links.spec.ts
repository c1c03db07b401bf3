import { EncryptJWT, jwtDecrypt } from 'jose';
import { deriveKey } from '@waybill/core/crypto';
import { ManualClock, uuidv7 } from '@waybill/core/kernel';
import type { AppConfig } from '@waybill/platform/config';
import { DownloadLinks } from './download-links';

const SECRET = 'link-9Ty4uI2oPw7Er1Qz6Xc3Vb8Nm5Kj0Lh';
const config = (link = SECRET): AppConfig =>
  ({ secrets: { link, jwt: 'other' }, http: { publicUrl: 'https://waybill.test' } }) as AppConfig;

const clock = new ManualClock();
const links = new DownloadLinks(config(), clock);
const grant = { fileId: uuidv7(), userId: uuidv7() };

async function token(of = grant, from = links): Promise<string> {
  return (await from.issue(of)).downloadUrl.split('/').at(-1)!;
}

async function codeOf(text: string): Promise<string> {
  return links.open(text).then(
    () => 'opened',
    (error: { code: string }) => error.code,
  );
}

describe('a download link', () => {
  it('leads to the download route, and says what it was given for', async () => {
    const { downloadUrl, expiresAt } = await links.issue(grant, 60);
    expect(downloadUrl).toMatch(/^https:\/\/waybill\.test\/api\/download\/[\w.-]+$/);
    expect(expiresAt.getTime() - clock.now().getTime()).toBe(60_000);
    expect(await links.open(await token())).toEqual(grant);
  });

  it('shows nothing of what it says, and is never the same twice', async () => {
    const [first, second] = [await token(), await token()];
    expect(first).not.toBe(second);
    const parts = first.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(parts.join()).not.toContain(grant.fileId);
  });

  it('L02 is drawn by lot: 224 bits of each of 10,000 for the same, none of them like another', async () => {
    const key = deriveKey(SECRET, 'download-link');
    const draws: Buffer[] = [];
    for (let count = 0; count < 10_000; count++) {
      const text = await token();
      const { payload } = await jwtDecrypt(text, key, { currentDate: clock.now() });
      draws.push(
        Buffer.concat([
          Buffer.from(text.split('.')[2]!, 'base64url'),
          Buffer.from(payload.jti!, 'base64url'),
        ]),
      );
    }
    const bits = 8 * draws[0]!.length;
    expect(bits).toBe(96 + 128);
    expect(new Set(draws.map((draw) => draw.toString('hex'))).size).toBe(10_000);
    const ones = new Uint32Array(bits);
    for (const draw of draws) {
      for (let bit = 0; bit < bits; bit++) ones[bit]! += (draw[bit >> 3]! >> (bit & 7)) & 1;
    }
    // Ten standard deviations of 10,000 fair coins.
    for (const count of ones) expect(Math.abs(count - 5_000)).toBeLessThan(500);
  }, 60_000);

  it('L01 is refused with any character changed', async () => {
    const good = await token();
    for (let at = 0; at < good.length; at++) {
      // The neighbour in the alphabet differs in the lowest bit, which a decoder may ignore at the end of a part.
      for (const other of [neighbour(good[at]!), good[at] === 'A' ? 'B' : 'A', '.', '=']) {
        if (other === good[at]) continue;
        expect([at, other, await codeOf(good.slice(0, at) + other + good.slice(at + 1))]).toEqual([
          at,
          other,
          'NOT_FOUND',
        ]);
      }
    }
  });

  it('L01 is refused cut, extended, or put together from two', async () => {
    const [a, b] = [await token(), await token({ fileId: uuidv7(), userId: grant.userId })];
    const [header, key, iv, text, tag] = a.split('.') as [string, string, string, string, string];
    const other = b.split('.') as typeof a extends string ? string[] : never;
    const forged = [
      a.slice(0, a.length / 2) + b.slice(b.length / 2),
      [header, key, other[2], text, tag].join('.'),
      [header, key, iv, other[3], tag].join('.'),
      [header, key, iv, text, other[4]].join('.'),
      [header, key, iv, other[3], other[4]].join('.'),
      [header, 'AAAA', iv, text, tag].join('.'),
      ...['=', ' ', '\n', '.', 'A', 'AAAA'].flatMap((more) => [a + more, more + a]),
      ...Array.from({ length: a.length }, (_, length) => a.slice(0, length)),
    ];
    for (const text of forged) expect(await codeOf(text)).toBe('NOT_FOUND');
  });

  it.each([
    '',
    '....',
    'a.b.c',
    'x'.repeat(20_000),
    '\0',
    `${'A'.repeat(8)}.${'B'.repeat(8)}.${'C'.repeat(8)}`,
  ])('is not %j', async (text) => expect(await codeOf(text)).toBe('NOT_FOUND'));

  it('is refused under another secret, and another purpose of the same', async () => {
    expect(
      await codeOf(await token(grant, new DownloadLinks(config('another secret altogether, long'), clock))),
    ).toBe('NOT_FOUND');
    const elsewhere = await new EncryptJWT({ file: grant.fileId, user: grant.userId })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setExpirationTime(4_000_000_000)
      .setJti('x')
      .encrypt(deriveKey(SECRET, 'share-ticket'));
    expect(await codeOf(elsewhere)).toBe('NOT_FOUND');
  });

  it('is refused without an end', async () => {
    const endless = await new EncryptJWT({ file: grant.fileId, user: grant.userId })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setJti('x')
      .encrypt(deriveKey(SECRET, 'download-link'));
    expect(await codeOf(endless)).toBe('NOT_FOUND');
  });

  it('ends at its time, by our clock alone', async () => {
    const link = await token();
    clock.advance(599_000);
    expect(await codeOf(link)).toBe('opened');
    clock.advance(1_000);
    expect(await codeOf(link)).toBe('GONE');
  });
});

function neighbour(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const at = alphabet.indexOf(character);
  return at === -1 ? 'A' : alphabet[at ^ 1]!;
}

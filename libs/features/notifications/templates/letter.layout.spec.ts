import type { Browser, Page } from 'playwright-core';
import { browserPath, launchBrowser } from '../../../../test/support/browser';
import { confirmMail } from './confirm';
import { fileDownloadedMail } from './file-downloaded';
import { fileExpiringMail } from './file-expiring';
import { fileGrantedMail } from './file-granted';
import { invitationMail } from './invitation';
import type { MailText } from './mail-template';
import { resetMail } from './reset';

const url = `https://waybill.example/api/auth/confirm/${'Jq3xV8'.repeat(20)}`;
const unsubscribeUrl = `https://waybill.example/api/mails/unsubscribe/${'Qb7zK2'.repeat(25)}`;
const expiresAt = new Date('2026-12-24T18:00:00Z');
const fullName = 'Ada Lovelace';
const fileName = `Angebot_für_die_${'sehr_lange_Ausschreibung_'.repeat(4)}2026.docx`;

const LETTERS: [name: string, letter: MailText][] = [
  ['confirm', confirmMail({ fullName, url, expiresAt })],
  ['reset', resetMail({ fullName, url, expiresAt })],
  ['invitation', invitationMail({ inviter: fullName, role: 'ops', url, expiresAt })],
  ['file-granted', fileGrantedMail({ fullName, fileName, ownerName: 'Bea Shipper', url, unsubscribeUrl })],
  ['file-expiring', fileExpiringMail({ fullName, fileName, expiresAt, url, unsubscribeUrl })],
  ['file-downloaded', fileDownloadedMail({ fullName, fileName, times: 12, url, unsubscribeUrl })],
];
const WIDTHS = { phone: 320, desktop: 1100 };

/** WCAG 2.2, 1.4.3: of every element that says something, the contrast with what lies behind it. */
const CONTRASTS = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('h1, p, a')].filter((it) => it.offsetParent && it.innerText.trim()).map((it) => {
    const [one, other] = [parse(getComputedStyle(it).color), behind(it)].map(luminance).sort((a, b) => b - a);
    return [(one + 0.05) / (other + 0.05), it.innerText.slice(0, 40)];
  });
})()`;

const path = browserPath();
(path === null ? describe.skip : describe)('letters in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser(path!);
  }, 30_000);
  afterAll(() => browser?.close());

  async function show(
    { html }: MailText,
    width: number,
    colorScheme: 'light' | 'dark',
    act: (page: Page) => Promise<void>,
  ): Promise<void> {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme,
      javaScriptEnabled: true,
    });
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.setContent(html);
    await act(page);
    expect(requests.filter((each) => !each.startsWith('about:'))).toEqual([]);
    await page.close();
  }

  it.each(LETTERS)(
    '%s fits a phone and a desk, can be read in the light and in the dark, and loads nothing',
    async (name, letter) => {
      for (const [device, width] of Object.entries(WIDTHS)) {
        for (const scheme of ['light', 'dark'] as const) {
          await show(letter, width, scheme, async (page) => {
            expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
            const contrasts = (await page.evaluate(CONTRASTS)) as [number, string][];
            expect(contrasts.length).toBeGreaterThan(5);
            expect(contrasts.filter(([contrast]) => contrast < 4.5)).toEqual([]);
            const { SCREENSHOTS } = process.env;
            if (SCREENSHOTS)
              await page.screenshot({
                path: `${SCREENSHOTS}/${name}-${device}-${scheme}.png`,
                fullPage: true,
              });
          });
        }
      }
    },
    60_000,
  );

  it('the button is there for a finger, and says where it leads to assistive technology', async () => {
    await show(LETTERS[0]![1], WIDTHS.phone, 'light', async (page) => {
      const button = page.getByRole('link', { name: 'Confirm your e-mail address' });
      expect(await button.getAttribute('href')).toBe(url);
      expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(44);
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
      // Tables that only lay out are none to a screen reader.
      expect(await page.getByRole('table').count()).toBe(0);
    });
  });
});

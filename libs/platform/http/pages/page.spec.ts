import type { Response } from 'express';
import { sha256 } from '@waybill/core/crypto';
import { html } from './html';
import { sendPage } from './page';

describe('pages', () => {
  it.each([
    [`<script>alert(1)</script>`, '&lt;script&gt;'],
    [`" onload="x`, '&quot; onload=&quot;x'],
    [`' & '`, '&#39; &amp; &#39;'],
  ])('escape %s', (hostile, escaped) => {
    const { text } = html`<p title="${hostile}">${hostile}</p>`;
    expect(text).toContain(escaped);
    expect(text).not.toContain(hostile);
  });

  it('nest, with the lists in them', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    const { text } = html`<ul>
      ${items}
    </ul>`;
    expect(text.replace(/\s+/g, '')).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  it('allow exactly the style that they carry, and no script', () => {
    const headers: Record<string, string> = {};
    let body = '';
    const response = {
      statusCode: 0,
      setHeader: (name: string, value: string) => void (headers[name] = value),
      end: (text: string) => void (body = text),
    };
    sendPage(response as unknown as Response, 200, 'Hello <you>', html`<p>there</p>`);
    const style = /<style>([^]*)<\/style>/.exec(body)![1]!;
    expect(headers['Content-Security-Policy']).toContain(
      `style-src 'sha256-${sha256(style).toString('base64')}'`,
    );
    expect(headers['Content-Security-Policy']).toContain("frame-ancestors 'none'");
    expect(body).toContain('Hello &lt;you&gt;');
    expect(body).not.toContain('<script');
  });
});

import type { Response } from 'express';
import { sha256 } from '@waybill/core/crypto';
import { pagePolicy } from '../request/security-headers';
import { html, Html } from './html';
import { PAGE_STYLE } from './page-style';

/** In one piece: a formatter's blanks inside of the element would change its hash. */
const STYLE_ELEMENT = new Html(`<style>${PAGE_STYLE}</style>`);
const POLICY = pagePolicy(`sha256-${sha256(PAGE_STYLE).toString('base64')}`);

/**
 * Answers with one of the few pages for people: confirmation, shares, explanations. They work without script, load
 * nothing, and are kept by no cache.
 *
 * @param heading what the page is about, where that is more than its title.
 */
export function sendPage(
  response: Response,
  status: number,
  title: string,
  body: Html,
  heading: Html = html`<h1>${title}</h1>`,
): void {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Waybill</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <main>
          <div class="card">${heading} ${body}</div>
        </main>
        <footer>Handed over with Waybill, encrypted at rest.</footer>
      </body>
    </html>`;
  response.statusCode = status;
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(page.text);
}

import type { Response } from 'express';
import { sha256 } from '@waybill/core/crypto';
import { pagePolicy } from '../request/security-headers';
import { html, Html } from './html';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { box-sizing: border-box; width: min(38rem, 100%); padding: 2rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-bottom: 0; }
label { display: block; margin: 1rem 0; }
input { box-sizing: border-box; width: 100%; padding: 0.6rem; font: inherit; }
button { padding: 0.6rem 1.4rem; font: inherit; font-weight: 600; cursor: pointer; }
code { font-size: 0.95em; overflow-wrap: anywhere; }
`;
/** In one piece: a formatter's blanks inside of the element would change its hash. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);
const POLICY = pagePolicy(`sha256-${sha256(STYLE).toString('base64')}`);

/**
 * Answers with one of the few pages for people: confirmation, shares, explanations. They work without script, load
 * nothing, and are kept by no cache.
 */
export function sendPage(response: Response, status: number, title: string, body: Html): void {
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
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`;
  response.statusCode = status;
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(page.text);
}

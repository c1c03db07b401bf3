import { LETTER_STYLE, MAIL } from './letter-style';
import type { MailText } from './mail-template';
import { escapeHtml } from './text';

/** What a short mail with one link is made of. All parts are plain text, by whomever they were written. */
export interface Letter {
  subject: string;
  hello: string;
  /** Why this mail, and what to do. */
  request: string;
  /** What the button says where a mail shows HTML. */
  label: string;
  url: string;
  /** What else there is to know. */
  notes: string[];
  /** Where mails of this kind are switched off; absent for those that an account needs. */
  unsubscribeUrl?: string;
}

const SENDER = 'Sent by Waybill, where files are handed over.';
const UNSUBSCRIBE = 'Get no more mails of this kind';

/**
 * The same letter as text and as HTML: a table of one column, since mail programs lay out little else, with its colours
 * on each element for those that drop style sheets, and a style sheet for the dark and for small screens. It loads
 * nothing, and says nothing that its text does not.
 */
export function letter(parts: Letter): MailText {
  return { subject: parts.subject, link: parts.url, text: textOf(parts), html: htmlOf(parts) };
}

function textOf({ hello, request, url, notes, unsubscribeUrl }: Letter): string {
  const end = unsubscribeUrl === undefined ? [] : ['--', `${UNSUBSCRIBE}: ${unsubscribeUrl}`];
  return [hello, request, url, ...notes, ...end, ''].join('\n\n');
}

function htmlOf({ subject, hello, request, label, url, notes, unsubscribeUrl }: Letter): string {
  const href = escapeHtml(url);
  const paragraph = (text: string): string =>
    `<p class="ink" style="margin:0 0 16px;${MAIL.ink}">${escapeHtml(text)}</p>`;
  const note = (text: string): string =>
    `<p class="soft" style="margin:0 0 12px;${MAIL.soft}">${escapeHtml(text)}</p>`;
  const end =
    unsubscribeUrl === undefined
      ? ''
      : `<br /><a class="soft" style="color:#566070;text-decoration:underline" href="${escapeHtml(unsubscribeUrl)}">${UNSUBSCRIBE}</a>`;
  return `<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<meta name="supported-color-schemes" content="light dark" />
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no" />
<title>${escapeHtml(subject)}</title>
<style>${LETTER_STYLE}</style>
</head>
<body class="paper" style="margin:0;padding:0;${MAIL.paper}">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">${escapeHtml(request)}${MAIL.padding}</div>
<table class="paper" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="${MAIL.paper}"><tr><td class="outer" align="center" style="padding:32px 16px">
<table class="card" role="presentation" width="560" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:560px;${MAIL.card}"><tr><td class="inner" style="padding:36px 40px 28px;${MAIL.font}">
<p class="accent" style="margin:0 0 24px;${MAIL.brand}">Waybill</p>
<h1 class="ink" style="margin:0 0 20px;${MAIL.heading}">${escapeHtml(subject)}</h1>
${[hello, request].map(paragraph).join('\n')}
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 24px"><tr><td class="button" align="center" style="${MAIL.button}"><a class="button" href="${href}" style="${MAIL.buttonLink}">${escapeHtml(label)}</a></td></tr></table>
${note('If the button does not work, copy this address into your browser:')}
<p style="margin:0 0 20px;${MAIL.address}"><a class="accent" href="${href}" style="${MAIL.addressLink}">${href}</a></p>
<table class="line" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="${MAIL.line}"><tr><td style="padding-top:20px">
${notes.map(note).join('\n')}
</td></tr></table>
</td></tr></table>
<p class="soft" style="margin:20px 0 0;max-width:560px;${MAIL.end}">${SENDER}${end}</p>
</td></tr></table>
</body>
</html>
`;
}

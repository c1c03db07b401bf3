import type { MailText } from './mail-template';
import { escapeHtml } from './text';

/** What a short mail with one link is made of. All parts are plain text, by whomever they were written. */
export interface Letter {
  subject: string;
  hello: string;
  /** Why this mail, and what to do. */
  request: string;
  /** What the link says where a mail shows HTML. */
  label: string;
  url: string;
  /** What else there is to know. */
  notes: string[];
}

/** The same letter as text and as HTML. */
export function letter({ subject, hello, request, label, url, notes }: Letter): MailText {
  const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`;
  return {
    subject,
    link: url,
    text: [hello, request, url, ...notes, ''].join('\n\n'),
    html: `<!doctype html>
<html lang="en">
<body style="font: 16px/1.5 sans-serif">
${[hello, request].map(paragraph).join('\n')}
<p><a href="${escapeHtml(url)}">${escapeHtml(label)}</a></p>
${notes.map(paragraph).join('\n')}
</body>
</html>
`,
  };
}

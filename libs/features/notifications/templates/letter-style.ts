const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Helvetica,Arial,sans-serif;";

/**
 * The look of letters, in the colours of the pages, written onto each element: many mail programs drop style sheets.
 * Contrasts are at least those of WCAG 2.2 AA, in the light and in the dark.
 */
export const MAIL = {
  font: FONT,
  paper: 'background-color:#f3f1ec;',
  card: 'background-color:#fffefb;border:1px solid #dcd8cf;border-top:6px solid #0b5c54;border-radius:14px;border-collapse:separate;',
  ink: `${FONT}font-size:16px;line-height:1.55;color:#1c2430;overflow-wrap:anywhere;word-break:break-word;`,
  soft: `${FONT}font-size:14px;line-height:1.5;color:#566070;`,
  brand: `${FONT}font-size:15px;font-weight:700;letter-spacing:0.04em;color:#0b5c54;`,
  heading: `${FONT}font-size:24px;line-height:1.25;font-weight:700;color:#1c2430;`,
  button: 'background-color:#0b5c54;border-radius:10px;',
  // The padding is the link's, so that all of the button can be pressed.
  buttonLink: `${FONT}display:inline-block;padding:14px 28px;font-size:16px;line-height:1.25;font-weight:700;color:#ffffff;text-decoration:none;border-radius:10px;`,
  address: `${FONT}font-size:14px;line-height:1.5;`,
  addressLink: 'color:#0b5c54;text-decoration:underline;overflow-wrap:anywhere;word-break:break-all;',
  line: 'border-top:1px solid #dcd8cf;',
  end: `${FONT}font-size:13px;line-height:1.6;color:#566070;text-align:center;`,
  /** After what an inbox shows of a mail's beginning, so that it shows nothing more. */
  padding: '&#8199;&#847; '.repeat(60),
};

/** For programs that take style sheets: the dark, where the reader has it, and less room around on a phone. */
export const LETTER_STYLE = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .paper { background-color: #12161c !important; }
  .card { background-color: #1b2129 !important; border-color: #323b47 !important; border-top-color: #6fd3c3 !important; }
  .ink { color: #e9edf2 !important; }
  .soft { color: #a7b0bd !important; }
  .accent { color: #6fd3c3 !important; }
  .line { border-color: #323b47 !important; }
  td.button { background-color: #6fd3c3 !important; }
  a.button { color: #06211d !important; }
}
@media (max-width: 480px) {
  .outer { padding: 12px 8px !important; }
  .inner { padding: 28px 22px 20px !important; }
  a.button { display: block !important; }
}
`;

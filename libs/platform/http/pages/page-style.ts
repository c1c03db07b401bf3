/**
 * The look of all pages: one card in the middle, in the colours that the reader's system asks for. Contrasts are at
 * least those of WCAG 2.2 AA in both; nothing moves for those who do not want it; nothing is loaded.
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f3f1ec; --card: #fffefb; --ink: #1c2430; --soft: #566070; --line: #dcd8cf; --field: #8a8578;
  --accent: #0b5c54; --accent-ink: #ffffff; --accent-down: #08463f; --alarm: #9d1f1f; --alarm-paper: #fbeceb;
  --stripe: #c8552b;
  font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --card: #1b2129; --ink: #e9edf2; --soft: #a7b0bd; --line: #323b47; --field: #75808f;
    --accent: #6fd3c3; --accent-ink: #06211d; --accent-down: #9be3d7; --alarm: #ffb3ab; --alarm-paper: #3a2022;
    --stripe: #e0774f;
  }
}
*, *::before, *::after { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; grid-template-rows: 1fr auto; justify-items: center;
  background: var(--paper); color: var(--ink);
}
main { width: min(34rem, 100%); padding: 1.25rem; align-self: center; }
.card {
  position: relative; overflow: hidden; background: var(--card); border: 1px solid var(--line); border-radius: 1rem;
  padding: clamp(1.5rem, 6vw, 2.75rem); box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 12px 32px rgb(0 0 0 / 8%);
}
.card::before {
  content: ""; position: absolute; inset: 0 0 auto; height: 0.375rem;
  background: repeating-linear-gradient(115deg, var(--stripe) 0 1.1rem, transparent 1.1rem 1.7rem, var(--accent) 1.7rem 2.8rem, transparent 2.8rem 3.4rem);
}
h1 { margin: 0 0 0.5rem; font-size: clamp(1.3rem, 4.5vw, 1.65rem); line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 1.5rem 0 0; font-size: 1.1rem; }
p { margin: 0.5rem 0; }
.kind { margin: 0 0 0.35rem; color: var(--soft); font-size: 0.8125rem; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; }
.lead { color: var(--soft); }
.mark { display: block; width: 3rem; height: 3rem; margin: 0 0 1.1rem -0.5rem; color: var(--accent); }
.facts { margin: 1.5rem 0; padding: 0; border-top: 1px solid var(--line); }
.facts div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: 0.65rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; text-align: end; }
.contents { margin: 1rem 0 0; padding: 0; list-style: none; max-height: 15rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 0.6rem; }
.contents li { display: flex; justify-content: space-between; gap: 1rem; padding: 0.45rem 0.8rem; border-bottom: 1px solid var(--line); }
.contents li:last-child { border-bottom: 0; }
.contents bdi { overflow-wrap: anywhere; }
.contents span { flex: none; color: var(--soft); font-variant-numeric: tabular-nums; }
form { margin: 1.25rem 0 0; }
label { display: block; margin: 0 0 1rem; font-weight: 600; }
input {
  display: block; width: 100%; margin-top: 0.35rem; padding: 0.7rem 0.85rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--field); border-radius: 0.6rem;
}
input[aria-invalid="true"] { border: 2px solid var(--alarm); }
button {
  width: 100%; min-height: 3.1rem; padding: 0.75rem 1.4rem; font: inherit; font-size: 1.0625rem; font-weight: 650; cursor: pointer;
  color: var(--accent-ink); background: var(--accent); border: 0; border-radius: 0.6rem; transition: background-color 120ms;
}
button:hover, button:active { background: var(--accent-down); }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--stripe); outline-offset: 3px; }
.alert { margin: 1rem 0 0; padding: 0.75rem 0.9rem; color: var(--alarm); background: var(--alarm-paper); border-radius: 0.6rem; font-weight: 600; }
.note { margin: 1rem 0 0; color: var(--soft); font-size: 0.9rem; }
code { font-size: 0.95em; overflow-wrap: anywhere; }
footer { padding: 0 1.25rem 1.5rem; color: var(--soft); font-size: 0.85rem; text-align: center; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media (forced-colors: active) { .card { border: 1px solid CanvasText; } button { border: 1px solid ButtonText; } }
@media print { .card { box-shadow: none; } form { display: none; } }
`;

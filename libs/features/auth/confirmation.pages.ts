import { html, type Page } from '@waybill/platform/http';

/** The form posts to the very address that it was opened at. */
export const ASK_TO_CONFIRM: Page = {
  title: 'Confirm your e-mail address',
  body: html`<p>One more step, and your account is ready.</p>
    <form method="post">
      <button type="submit">Confirm</button>
    </form>`,
};

export const CONFIRMED: Page = {
  title: 'Your e-mail address is confirmed',
  body: html`<p>You can close this page and log in now.</p>`,
};

export const NOT_CONFIRMED: Page = {
  title: 'This link does not work',
  body: html`<p>It was used already, has expired, or was not copied whole.</p>
    <p>If you cannot log in yet, ask for a new link.</p>`,
};

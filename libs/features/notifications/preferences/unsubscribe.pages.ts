import { html, type Page } from '@waybill/platform/http';

/** The form posts to the very address that it was opened at. */
export const ASK_TO_UNSUBSCRIBE: Page = {
  title: 'No more of these mails?',
  body: html`<p>You will get no more mails of this kind. Mails that your account needs come in any case.</p>
    <form method="post">
      <button type="submit">Switch them off</button>
    </form>`,
};

export const UNSUBSCRIBED: Page = {
  title: 'You will get no more of these mails',
  body: html`<p>You can switch them on again in your preferences.</p>`,
};

export const NOT_UNSUBSCRIBED: Page = {
  title: 'This link does not work',
  body: html`<p>
    It was not copied whole. Open it from the mail, or switch the mails off in your preferences.
  </p>`,
};

import { PASSWORD_MAX_CHARACTERS, PASSWORD_MIN_CHARACTERS } from '@waybill/core/crypto';
import { html, type Page } from '@waybill/platform/http';
import { NAME_MAX_LENGTH } from './auth.dto';

/**
 * Asks for what an account needs. Looking at it uses nothing up.
 *
 * @param action where the form goes to.
 * @param problem why the last try was refused.
 */
export function askToAccept(action: string, problem?: string): Page {
  return {
    title: 'Make your account',
    body: html`${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
      <form method="post" action="${action}">
        <label>Your name <input name="fullName" autocomplete="name" maxlength="${NAME_MAX_LENGTH}" /></label>
        <label
          >Password (${PASSWORD_MIN_CHARACTERS} to ${PASSWORD_MAX_CHARACTERS} characters)
          <input
            type="password"
            name="password"
            autocomplete="new-password"
            required
            minlength="${PASSWORD_MIN_CHARACTERS}"
            maxlength="${PASSWORD_MAX_CHARACTERS}"
        /></label>
        <button type="submit">Make account</button>
      </form>`,
  };
}

export const ACCEPTED: Page = {
  title: 'Your account is ready',
  body: html`<p>You can close this page and log in now.</p>`,
};

export const NOT_ACCEPTED: Page = {
  title: 'This link does not work',
  body: html`<p>It was used already, has expired, was withdrawn, or was not copied whole.</p>
    <p>Ask whoever invited you for another one.</p>`,
};

export const HAS_ACCOUNT: Page = {
  title: 'You have an account already',
  body: html`<p>There is an account with your e-mail address. Log in, or reset its password.</p>`,
};

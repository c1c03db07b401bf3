import { html, type Page } from '@waybill/platform/http';
import { NAME_MAX_LENGTH } from './auth.dto';
import { newPasswordField } from './password-field';

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
        ${newPasswordField('Password')}
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

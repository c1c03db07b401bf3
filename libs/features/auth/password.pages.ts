import { html, type Page } from '@waybill/platform/http';
import { newPasswordField } from './password-field';

/**
 * Asks for the new password. Looking at it uses nothing up.
 *
 * @param action where the form goes to.
 * @param problem why the last try was refused.
 */
export function askForPassword(action: string, token: string, problem?: string): Page {
  return {
    title: 'Choose a new password',
    body: html`${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
      <form method="post" action="${action}">
        <input type="hidden" name="token" value="${token}" />
        ${newPasswordField('New password')}
        <button type="submit">Set password</button>
      </form>`,
  };
}

export const PASSWORD_SET: Page = {
  title: 'Your password is set',
  body: html`<p>You are logged out everywhere. You can close this page and log in with the new password.</p>`,
};

export const PASSWORD_NOT_SET: Page = {
  title: 'This link does not work',
  body: html`<p>It was used already, has expired, or was not copied whole.</p>
    <p>If you still need a new password, ask for another link.</p>`,
};

import { PASSWORD_MAX_CHARACTERS, PASSWORD_MIN_CHARACTERS } from '@waybill/core/crypto';
import { html, type Html } from '@waybill/platform/http';

/** Where a new password is typed, in the forms of the pages that mails lead to. */
export function newPasswordField(label: string): Html {
  return html`<label
    >${label} (${PASSWORD_MIN_CHARACTERS} to ${PASSWORD_MAX_CHARACTERS} characters)
    <input
      type="password"
      name="password"
      autocomplete="new-password"
      required
      minlength="${PASSWORD_MIN_CHARACTERS}"
      maxlength="${PASSWORD_MAX_CHARACTERS}"
  /></label>`;
}

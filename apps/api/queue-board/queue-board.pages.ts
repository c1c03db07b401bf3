import { html, type Page } from '@waybill/platform/http';

/**
 * Asks an admin for his password.
 *
 * @param action where the form goes to.
 * @param problem why the last try was refused.
 */
export function askToSignIn(action: string, problem?: string): Page {
  return {
    title: 'Queues',
    body: html`<p class="lead">For admins. Sign in to see what the workers are at.</p>
      ${problem === undefined ? '' : html`<p class="alert" role="alert">${problem}</p>`}
      <form method="post" action="${action}">
        <label>E-mail address <input type="email" name="email" autocomplete="username" required /></label>
        <label
          >Password <input type="password" name="password" autocomplete="current-password" required
        /></label>
        <button type="submit">Sign in</button>
      </form>`,
  };
}

export function askToSignOut(action: string): Page {
  return {
    title: 'Sign out of the queues',
    body: html`<form method="post" action="${action}">
      <button type="submit">Sign out</button>
    </form>`,
  };
}

export function signedOut(queues: string): Page {
  return {
    title: 'You are signed out',
    body: html`<p><a href="${queues}">Sign in again</a></p>`,
  };
}

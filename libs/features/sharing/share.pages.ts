import { Html, html, type Page } from '@waybill/platform/http';
import type { OpenShare } from './share-access';
import { endOf } from './share.mapper';
import { remainingDownloads } from './share.policy';
import { remainingInWords, sizeInWords, timeInWords, untilInWords } from './share-wording';

const icon = (paths: string): Html =>
  new Html(
    `<svg class="mark" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${paths}</svg>`,
  );

const FILE = icon(
  '<path d="M12 5h16l9 9v29H12z"/><path d="M28 5v9h9"/><path d="M24.5 21v13M19 29l5.5 5.5L30 29"/>',
);
const FILES = icon(
  '<path d="M17 9h14l8 8v22H17z"/><path d="M31 9v8h8"/><path d="M12 15H9v29h22v-1"/><path d="M28 23v9M24 28.5l4 4 4-4"/>',
);
const LOCK = icon(
  '<rect x="10" y="21" width="28" height="21" rx="4"/><path d="M16 21v-6a8 8 0 0 1 16 0v6"/><path d="M24 29.5v5"/>',
);
const EMPTY = icon('<path d="M6 27l7-17h22l7 17v13H6z"/><path d="M6 27h11a7 7 0 0 0 14 0h11"/>');

const heading = (mark: Html, kind: string, title: Html | string): Html =>
  html`${mark}
    <p class="kind">${kind}</p>
    <h1>${title}</h1>`;

export interface FormState {
  action: string;
  now: Date;
  /** What went wrong with the last try. */
  problem?: string;
}

/** The page of a share that can be downloaded: what it is, how long, and one button. */
export function readyPage(open: OpenShare, { action, now }: FormState): Page {
  const { content, files } = open;
  const several = open.share.name !== null;
  return {
    title: content.is.name,
    heading: heading(
      several ? FILES : FILE,
      several ? `${files.length} files for you` : 'A file for you',
      html`<bdi>${content.is.name}</bdi>`,
    ),
    body: html`${facts(open, now)} ${several ? contentsOf(open) : new Html('')}
      <form method="post" action="${action}">
        <button type="submit">Download</button>
      </form>
      ${several ? html`<p class="note">They come as one ZIP archive.</p>` : new Html('')}`,
  };
}

/** The page of a share with a password. Its name is told to whoever knows that. */
export function lockedPage(open: OpenShare, { action, now, problem }: FormState): Page {
  const alert =
    problem === undefined ? new Html('') : html`<p class="alert" role="alert" id="problem">${problem}</p>`;
  const state = new Html(problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"');
  return {
    title: problem === undefined ? 'Password needed' : 'Please try again',
    heading: heading(LOCK, 'For you, behind a password', 'Enter the password to download'),
    body: html`${facts(open, now)} ${alert}
      <form method="post" action="${action}">
        <label
          >Password
          <input
            type="password"
            name="password"
            autocomplete="off"
            required
            autofocus
            maxlength="128"
            ${state}
          />
        </label>
        <button type="submit">Download</button>
      </form>
      <p class="note">Whoever sent you the link knows the password.</p>`,
  };
}

/** @param minutes until it is worth another try. */
export function limitedPage(minutes: number): Page {
  return {
    title: 'Too many tries',
    heading: heading(LOCK, 'Please wait', 'Too many tries'),
    body: html`<p class="lead">
      For safety this link rests for a while. Try again in
      ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.
    </p>`,
  };
}

export const GONE_PAGE: Page = {
  title: 'This link has ended',
  heading: heading(EMPTY, 'Nothing here any more', 'This link has ended'),
  body: html`<p class="lead">
      It has expired, was downloaded as often as it may be, or was taken back by its sender.
    </p>
    <p class="lead">If you still need it, ask whoever sent you the link for a new one.</p>`,
};

export const UNKNOWN_PAGE: Page = {
  title: 'Nothing found',
  heading: heading(EMPTY, 'Nothing here', 'There is nothing under this address'),
  body: html`<p class="lead">
    Perhaps the link was not copied whole. Try it again from the message that it came in.
  </p>`,
};

export const UNAVAILABLE_PAGE: Page = {
  title: 'Not available right now',
  heading: heading(EMPTY, 'One moment', 'This cannot be shown right now'),
  body: html`<p class="lead">Please try again in a little while. Nothing is lost.</p>`,
};

function facts(open: OpenShare, now: Date): Html {
  const { share, files, content } = open;
  const end = endOf(share, files);
  const remaining = remainingDownloads([share, ...files]);
  const rows = [
    fact('Size', html`${sizeInWords(content.is.size)}`),
    fact(
      'Expires',
      html`<time datetime="${end.toISOString()}" title="${untilInWords(end, now)}"
        >${timeInWords(end)}</time
      >`,
    ),
    ...(remaining === null ? [] : [fact('Can be downloaded', html`${remainingInWords(remaining)}`)]),
  ];
  return html`<dl class="facts">${rows}</dl>`;
}

function fact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function contentsOf({ files }: OpenShare): Html {
  const items = files.map(
    ({ name, size }) => html`<li><bdi>${name}</bdi><span>${sizeInWords(size)}</span></li>`,
  );
  return html`<ul class="contents" tabindex="0" aria-label="What is in it">
    ${items}
  </ul>`;
}

import type { Request, Response } from 'express';
import type { Html } from './html';
import { sendPage } from './page';

/** One of the few pages for people: what mails and links lead to. */
export interface Page {
  title: string;
  body: Html;
  /** Where it is more than the title. */
  heading?: Html;
}

export function answerPage(response: Response, status: number, { title, body, heading }: Page): void {
  sendPage(response, status, title, body, heading);
}

/** Whether a page's form asks, rather than a program. Browsers name the type of a form's body even when that is empty. */
export function cameFromForm(request: Request): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
}

/** The address of a route as a browser sees it, whatever prefix a proxy puts before it. */
export function pathUnder(publicUrl: string, path: string): string {
  return new URL(publicUrl).pathname.replace(/\/+$/, '') + path;
}

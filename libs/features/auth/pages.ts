import { sendPage, type Html } from '@waybill/platform/http';
import type { Request, Response } from 'express';

/** One of the pages that mails lead to. */
export interface Page {
  title: string;
  body: Html;
}

export function answerPage(response: Response, status: number, { title, body }: Page): void {
  sendPage(response, status, title, body);
}

/** Whether a page's form asks, rather than a program. Browsers name the type of a form's body even when that is empty. */
export function cameFromForm(request: Request): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
}

/** The address of a route as a browser sees it, whatever prefix a proxy puts before it. */
export function pathUnder(publicUrl: string, path: string): string {
  return new URL(publicUrl).pathname.replace(/\/+$/, '') + path;
}

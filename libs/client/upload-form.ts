import type { components } from './schema';

export type Visibility = components['schemas']['FileDto']['visibility'];

/** What may be said of a file when it is handed in. */
export interface FileAttributes {
  title?: string;
  description?: string;
  tags?: string[];
  /** Who else may have it. By default every client, or the recipients alone where some are named. */
  visibility?: Visibility;
  /** E-mail addresses of clients. */
  recipients?: string[];
  /** When it stops being available: a time, or seconds from now. Not both. */
  expiresAt?: Date;
  expiresInSeconds?: number;
  maxDownloads?: number;
}

/** The same as the text fields that every door takes; what was not said is not there. */
export function fieldsOf(attributes: FileAttributes): [name: string, value: string][] {
  const { tags, recipients, expiresAt, title, description, visibility, expiresInSeconds, maxDownloads } =
    attributes;
  const fields: [string, string | number | undefined][] = [
    ['title', title],
    ['description', description],
    ['tags', tags?.join(',')],
    ['visibility', visibility],
    ['recipients', recipients?.join(',')],
    ['expiresAt', expiresAt?.toISOString()],
    ['expiresInSeconds', expiresInSeconds],
    ['maxDownloads', maxDownloads],
  ];
  return fields.flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
}

/** The form of a document upload; its file comes last, so that what is wrong with a field is known before the bytes. */
export function uploadForm(file: Blob, name: string, attributes: FileAttributes): FormData {
  const form = new FormData();
  for (const [field, value] of fieldsOf(attributes)) form.append(field, value);
  form.append('file', file, name);
  return form;
}

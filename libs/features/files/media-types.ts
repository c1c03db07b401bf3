/**
 * The media types under which bytes are handed out. Whatever else a file is, it goes out as `application/octet-stream`:
 * among these is none that a browser would run, nor one that it would guess anew (ASVS 5.0, 3.2.1).
 */
const HANDED_OUT: ReadonlySet<string> = new Set([
  'application/pdf',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.oasis.opendocument.presentation',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.text',
  'application/zip',
  'image/heic',
  'image/jpeg',
  'image/png',
  'image/webp',
  'text/csv',
  'text/plain',
  'video/mp4',
  'video/quicktime',
  'video/webm',
  'video/x-matroska',
]);

export function handedOutType(mediaType: string): string {
  return HANDED_OUT.has(mediaType) ? mediaType : 'application/octet-stream';
}

/**
 * What a sealed file is bound to, so that neither another file's object nor an older version of its own can stand in
 * its place.
 */
export function fileAad(fileId: string, objectVersion: number): Buffer {
  return Buffer.from(`waybill:file:v1:${fileId}:${objectVersion}`, 'utf8');
}

/** What a staging part is bound to: its upload, and its place in it (the offset of its first plaintext byte). */
export function stagingAad(uploadId: string, offset: number): Buffer {
  return Buffer.from(`waybill:staging:v1:${uploadId}:${offset}`, 'utf8');
}

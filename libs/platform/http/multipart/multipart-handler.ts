/** What a file part says of itself. Nothing of it was checked. */
export interface FilePartInfo {
  /** The name of the form's field. A plain string: `a[b]` or `__proto__` mean nothing here. */
  name: string;
  /** As sent, possibly with path separators or line ends; empty when a browser's form was sent without a file. */
  fileName: string;
  /** The part's Content-Type, untouched; null where there is none. */
  contentType: string | null;
}

/**
 * Receives the parts of a form in the order of the body. What a method throws ends the parsing and comes out of
 * `write`. Nothing may be taken for complete before the parser's `end()` has returned.
 */
export interface MultipartHandler {
  onField(name: string, value: string): void;
  onFile(info: FilePartInfo): void;
  /** A view of the chunk given to `write`, never empty: copy it if the chunk's memory is used again. */
  onFileData(chunk: Buffer): void;
  onFileEnd(): void;
}

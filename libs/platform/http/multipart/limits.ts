/** How much of a body is read before it is refused. Bytes of files are counted by whoever stores them, not here. */
export interface MultipartLimits {
  /** Fields and files together. */
  maxParts: number;
  maxFields: number;
  maxFiles: number;
  /** Bytes of one field's value. */
  maxFieldBytes: number;
  /** Bytes of all field names and values together. */
  maxFieldsBytes: number;
  /** Bytes of the header block of one part, with its closing blank line. */
  maxHeaderBytes: number;
}

export const DEFAULT_MULTIPART_LIMITS: Readonly<MultipartLimits> = {
  maxParts: 256,
  maxFields: 255,
  maxFiles: 1,
  maxFieldBytes: 64 * 1024,
  maxFieldsBytes: 256 * 1024,
  maxHeaderBytes: 8 * 1024,
};

/** Bytes that may stand before the first boundary or after the last: nothing that browsers and libraries send. */
export const MAX_PREAMBLE_BYTES = 1024;
export const MAX_EPILOGUE_BYTES = 1024;

/** Blanks that a gateway may have added to the line of a boundary (RFC 2046, section 5.1.1, transport-padding). */
export const MAX_PADDING_BYTES = 64;

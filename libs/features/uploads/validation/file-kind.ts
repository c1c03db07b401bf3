import type { ContentReader } from './content-reader';
import type { ContentLimits } from './limits';

/** Looks at content and throws `CONTENT_MISMATCH` or `FILE_TOO_LARGE`. Never asked about an empty file. */
export type ContentCheck = (reader: ContentReader, limits: ContentLimits) => Promise<void>;

/** A type of file that Waybill knows by name, by declared type and by content. */
export interface FileKind {
  /** Lower case, without the dot. */
  extension: string;
  /** What it is registered as, or known by. */
  mediaType: string;
  /** Other media types under which honest clients declare it. */
  aliases: readonly string[];
  /** Whether a file of no bytes is one of this kind. */
  mayBeEmpty: boolean;
  check: ContentCheck;
}

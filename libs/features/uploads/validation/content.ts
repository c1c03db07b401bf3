import type { ContentReader } from './content-reader';
import type { FileKind } from './file-kind';
import { DEFAULT_CONTENT_LIMITS, type ContentLimits } from './limits';
import { mismatch } from './refusals';

/**
 * Judges a finished upload's bytes against the kind that its name promised. Repeatable, and bounded in time and memory
 * by the limits, whatever the content: archives are judged by their directory, and of what they hold only the few
 * parts that name a document's type are inflated, each with a cap.
 *
 * Throws `CONTENT_MISMATCH` (not what its name says) or `FILE_TOO_LARGE` (would become so when opened). Whatever the
 * reader throws is passed on.
 */
export async function checkContent(
  kind: FileKind,
  reader: ContentReader,
  limits: Partial<ContentLimits> = {},
): Promise<void> {
  if (reader.size === 0) {
    if (kind.mayBeEmpty) return;
    throw mismatch(`A .${kind.extension} file cannot be empty.`);
  }
  await kind.check(reader, { ...DEFAULT_CONTENT_LIMITS, ...limits });
}

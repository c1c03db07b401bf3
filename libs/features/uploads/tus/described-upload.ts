import { AppError } from '@waybill/core/kernel';
import { parseFileAttributes, type FileAttributes } from '@waybill/features/files';
import { isMediaKind, MEDIA_KINDS, type MediaKind, type OfferedFile } from '../upload-policies';

/** What upload metadata says of a file. */
export interface DescribedUpload {
  offered: OfferedFile;
  attributes: FileAttributes;
}

/** What says what kind of file it is; everything else describes it as the fields of a form do. */
const OF_THE_FILE: ReadonlySet<string> = new Set(['filename', 'filetype', 'category', 'mediaKind']);
/** What Uppy sends along of every file, unasked. Its `name` and `type` are `filename` and `filetype` once more. */
const OF_UPPY: ReadonlySet<string> = new Set(['name', 'type', 'relativePath']);

/**
 * Reads upload metadata as the fields of a form.
 *
 * @param declaredSize in bytes; null where it is not known yet.
 * @throws AppError VALIDATION_FAILED naming every wrong key.
 */
export function describeUpload(
  metadata: ReadonlyMap<string, string>,
  declaredSize: number | null,
  now: Date,
): DescribedUpload {
  const fileName = metadata.get('filename');
  if (fileName === undefined) throw invalid('filename', 'is required');
  const fields = [...metadata].filter(([key]) => !OF_THE_FILE.has(key) && !OF_UPPY.has(key));
  const kind = kindOf(metadata);
  const declared = { fileName, declaredType: metadata.get('filetype') ?? null, declaredSize };
  return {
    offered: { ...declared, ...kind },
    attributes: parseFileAttributes(fields, now, kind.category),
  };
}

type OfferedKind = { category: 'document'; mediaKind: null } | { category: 'media'; mediaKind: MediaKind };

function kindOf(metadata: ReadonlyMap<string, string>): OfferedKind {
  const category = metadata.get('category') || 'document';
  const mediaKind = metadata.get('mediaKind') || null;
  if (category === 'document') {
    if (mediaKind !== null) throw invalid('mediaKind', 'is of media alone');
    return { category, mediaKind };
  }
  if (category !== 'media') throw invalid('category', 'must be one of document, media');
  if (!isMediaKind(mediaKind)) throw invalid('mediaKind', `must be one of ${MEDIA_KINDS.join(', ')}`);
  return { category, mediaKind };
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('VALIDATION_FAILED', 'The upload metadata is not valid.', {
    errors: [{ pointer, detail }],
  });
}

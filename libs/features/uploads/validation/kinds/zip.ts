import type { FileKind } from '../file-kind';
import { ZipArchive } from '../zip/archive';

/** Stored, deflate, deflate64, bzip2, LZMA, Zstandard, XZ (APPNOTE 4.4.5): nothing is inflated here, only known. */
const ARCHIVE_RULES = {
  methods: [0, 8, 9, 12, 14, 93, 95],
  caseless: false,
  comment: true,
  otherNames: true,
  nested: false,
};

export const ZIP_KINDS: readonly FileKind[] = [
  {
    extension: 'zip',
    mediaType: 'application/zip',
    aliases: ['application/x-zip-compressed', 'application/x-zip'],
    mayBeEmpty: false,
    check: async (reader, limits) => void (await ZipArchive.open(reader, limits, ARCHIVE_RULES)),
  },
];

/** What a document may ask of whoever opens it, and of us while we look. */
export interface ContentLimits {
  /** Entries of a ZIP archive. */
  zipEntries: number;
  /** Bytes of a ZIP archive's central directory, which is held in memory while it is checked. */
  zipDirectoryBytes: number;
  /** How many bytes an archive's content may have more than the archive itself. Stored media therefore never count. */
  zipGrowthBytes: number;
  /** How many times larger than itself an archive may become, once that is more than `zipRatioFreeBytes`. */
  zipRatio: number;
  /** Contents below this many bytes may be packed as tightly as they like: small forms are mostly repetition. */
  zipRatioFreeBytes: number;
  /** Bytes of all archives embedded in a document, before they are opened in their turn. */
  zipNestedBytes: number;
  /** Bytes of one inflated XML part; only the two or three parts that name a document's type are ever inflated. */
  xmlPartBytes: number;
}

/**
 * Generous for honest documents, whose XML shrinks ten- to fiftyfold; deflate can do 1,032 to 1.
 * ASVS 5.2.3 (unpacked size and number of files before anything is unpacked).
 */
export const DEFAULT_CONTENT_LIMITS: Readonly<ContentLimits> = {
  zipEntries: 20_000,
  zipDirectoryBytes: 8 << 20,
  zipGrowthBytes: 2 * 1024 ** 3,
  zipRatio: 200,
  zipRatioFreeBytes: 64 << 20,
  zipNestedBytes: 256 << 20,
  xmlPartBytes: 4 << 20,
};

/** Record signatures, little-endian, and fixed sizes in bytes (APPNOTE.TXT 6.3.10, section 4.3). */
export const LOCAL_HEADER = { signature: 0x04034b50, size: 30 } as const;
export const DIRECTORY_ENTRY = { signature: 0x02014b50, size: 46 } as const;
export const END_RECORD = { signature: 0x06054b50, size: 22, maxComment: 0xffff } as const;
export const ZIP64_END_RECORD = { signature: 0x06064b50, size: 56 } as const;
export const ZIP64_LOCATOR = { signature: 0x07064b50, size: 20 } as const;

/** The values that send the reader to a ZIP64 field. */
export const ZIP64_SENTINEL_16 = 0xffff;
export const ZIP64_SENTINEL_32 = 0xffffffff;

/** General purpose bit flags (4.4.4). */
export const FLAG = {
  encrypted: 1 << 0,
  dataDescriptor: 1 << 3,
  strongEncryption: 1 << 6,
  utf8: 1 << 11,
  maskedHeaders: 1 << 13,
} as const;

/** Compression methods (4.4.5). */
export const METHOD = { stored: 0, deflated: 8 } as const;

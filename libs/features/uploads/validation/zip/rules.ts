import { mismatch, tooLarge } from '../refusals';
import type { ContentLimits } from '../limits';
import type { ZipEntry } from './entry';
import { FLAG, METHOD } from './signatures';

/** What an archive of one purpose may hold, beyond what is safe in any. */
export interface ArchiveRules {
  methods: readonly number[];
  /** Whether names that differ only in case are the same, as they are in documents (ECMA-376 part 2, 6.2.2.3). */
  caseless: boolean;
  /** Whether an entry may have a second name. */
  otherNames: boolean;
  /** Whether archives inside count towards what it becomes. They do where nobody would think of unpacking them. */
  nested: boolean;
  /** Whether bytes may hide in the archive's comment. */
  comment: boolean;
}

const UNIX_TYPE = 0xf000;
/** None, directory, regular file: never a symbolic link, a device or a pipe. */
const PLAIN_TYPES = new Set([0, 0x4000, 0x8000]);
const ENCRYPTED = FLAG.encrypted | FLAG.strongEncryption | FLAG.maskedHeaders;

/** Refuses an entry that would harm whoever unpacks it, or that nobody could check. ASVS 5.3.3, 5.2.5. */
export function checkEntry(entry: ZipEntry, rules: ArchiveRules): void {
  if (isUnsafeName(entry.name) || isUnsafeName(entry.otherName ?? entry.name)) {
    throw mismatch('An entry of the archive has a name that leads out of it.');
  }
  if (entry.otherName !== null && !rules.otherNames) throw mismatch('An entry of the archive has two names.');
  if (!PLAIN_TYPES.has(entry.mode & UNIX_TYPE))
    throw mismatch('An entry of the archive is a link or a device.');
  if (entry.flags & ENCRYPTED) throw mismatch('The archive is encrypted, so its content cannot be checked.');
  if (!rules.methods.includes(entry.method))
    throw mismatch('The archive is packed in a way that is not known here.');
  if (!isPlausible(entry)) throw mismatch('The archive contradicts itself about the sizes of its entries.');
}

/** Absolute, with a drive, with `..`, or with characters that some system takes for a separator or an end. */
function isUnsafeName(name: string): boolean {
  return (
    name === '' ||
    name.startsWith('/') ||
    /^[a-z]:/i.test(name) ||
    name.split('/').includes('..') ||
    [...name].some((character) => character < ' ' || character === '\x7f' || character === '\\')
  );
}

/**
 * Stored entries are as large as they are; deflated ones exceed their content only by what framing costs. An entry far
 * smaller than its own packed form hides what it becomes.
 */
function isPlausible({ method, compressedSize, uncompressedSize }: ZipEntry): boolean {
  if (method === METHOD.stored) return compressedSize === uncompressedSize;
  return compressedSize <= 2 * uncompressedSize + 1024;
}

/** Refuses an archive that becomes enormous when it is opened, by its declared sizes and before inflating anything. */
export function checkExpansion(
  entries: readonly ZipEntry[],
  archiveSize: number,
  limits: ContentLimits,
): void {
  const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  const isBomb =
    total - archiveSize > limits.zipGrowthBytes ||
    (total > limits.zipRatioFreeBytes && total > archiveSize * limits.zipRatio);
  if (isBomb) throw tooLarge('The archive would become far too large when it is opened.');
}

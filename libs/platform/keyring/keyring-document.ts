import { KEY_BYTES, weakKeyReason } from '@waybill/core/crypto';

/** The keys of a keyring file: which one wraps, and all that can open, by id. */
export interface KeyringKeys {
  primary: string;
  keys: Map<string, Buffer>;
}

const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Reads the text of a keyring file: `{version: 1, primary, keys: [{id, createdAt, key: base64 of 32 bytes}]}`.
 *
 * @throws Error that says what is wrong, and never quotes the text: there are keys in it.
 */
export function parseKeyring(text: string): KeyringKeys {
  const document = parseJson(text);
  if (!isRecord(document) || document.version !== 1) throw new Error('is not a keyring of version 1');
  if (!Array.isArray(document.keys) || document.keys.length === 0) throw new Error('has no keys');
  const keys = new Map<string, Buffer>();
  for (const [at, entry] of document.keys.entries()) readKey(keys, entry, at);
  if (typeof document.primary !== 'string' || !keys.has(document.primary)) {
    throw new Error('names a primary key that is not among its keys');
  }
  return { primary: document.primary, keys };
}

/** The text of a keyring file with one key. */
export function formatKeyring(id: string, key: Buffer, createdAt: Date): string {
  const entry = { id, createdAt: createdAt.toISOString(), key: key.toString('base64') };
  return textOf({ version: 1, primary: id, keys: [entry] });
}

/** What may be said of a key. */
export interface KeyringKey {
  id: string;
  createdAt: Date;
}

export interface KeyringSummary {
  primary: string;
  keys: KeyringKey[];
}

/** Throws like {@link parseKeyring}. */
export function describeKeyring(text: string): KeyringSummary {
  const { primary, keys } = documentOf(text);
  return { primary, keys: keys.map(({ id, createdAt }) => ({ id, createdAt: new Date(createdAt) })) };
}

/** The text of a keyring with one key more. Throws like {@link parseKeyring}. */
export function addKey(
  text: string,
  { id, key, createdAt }: { id: string; key: Buffer; createdAt: Date },
): string {
  const document = documentOf(text);
  const entry = { id, createdAt: createdAt.toISOString(), key: key.toString('base64') };
  return checked({ ...document, keys: [...document.keys, entry] });
}

/** The text of a keyring in which this key is the one that wraps. Throws like {@link parseKeyring}. */
export function promoteKey(text: string, id: string): string {
  return checked({ ...documentOf(text), primary: id });
}

/** The text of a keyring without this key. Throws like {@link parseKeyring}, and for the primary key. */
export function removeKey(text: string, id: string): string {
  const document = documentOf(text);
  return checked({ ...document, keys: document.keys.filter((entry) => entry.id !== id) });
}

interface KeyringDocument {
  version: 1;
  primary: string;
  keys: { id: string; createdAt: string; key: string }[];
}

function documentOf(text: string): KeyringDocument {
  parseKeyring(text);
  return JSON.parse(text) as KeyringDocument;
}

/** Nothing is written that could not be read again. */
function checked(document: KeyringDocument): string {
  const text = textOf(document);
  parseKeyring(text);
  return text;
}

function textOf(document: KeyringDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function readKey(keys: Map<string, Buffer>, entry: unknown, at: number): void {
  if (!isRecord(entry) || typeof entry.id !== 'string' || !KEY_ID.test(entry.id)) {
    throw new Error(`has no usable id for key number ${at + 1}`);
  }
  if (keys.has(entry.id)) throw new Error(`has two keys with the id "${entry.id}"`);
  if (typeof entry.createdAt !== 'string' || Number.isNaN(Date.parse(entry.createdAt))) {
    throw new Error(`has no creation date for the key "${entry.id}"`);
  }
  const key = decodeKey(entry.key);
  if (key === null) throw new Error(`has a key "${entry.id}" that is not the base64 of ${KEY_BYTES} bytes`);
  const weakness = weakKeyReason(key);
  if (weakness !== null) throw new Error(`has a key "${entry.id}" that is no random key: it ${weakness}`);
  for (const [id, other] of keys) {
    if (other.equals(key)) throw new Error(`has the same key under the ids "${id}" and "${entry.id}"`);
  }
  keys.set(entry.id, key);
}

function decodeKey(value: unknown): Buffer | null {
  if (typeof value !== 'string') return null;
  const key = Buffer.from(value, 'base64');
  // Compared, because the decoder drops what it does not know and a damaged key would pass as another one.
  return key.length === KEY_BYTES && key.toString('base64') === value ? key : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without its cause: the parser's message quotes the text around the fault.
    throw new Error('is not JSON');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

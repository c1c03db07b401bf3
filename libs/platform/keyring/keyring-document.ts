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
  for (const [at, entry] of document.keys.entries()) addKey(keys, entry, at);
  if (typeof document.primary !== 'string' || !keys.has(document.primary)) {
    throw new Error('names a primary key that is not among its keys');
  }
  return { primary: document.primary, keys };
}

/** The text of a keyring file with one key. */
export function formatKeyring(id: string, key: Buffer, createdAt: Date): string {
  const entry = { id, createdAt: createdAt.toISOString(), key: key.toString('base64') };
  return `${JSON.stringify({ version: 1, primary: id, keys: [entry] }, null, 2)}\n`;
}

function addKey(keys: Map<string, Buffer>, entry: unknown, at: number): void {
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

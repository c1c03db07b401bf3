import { join } from 'node:path';
import { isObjectKey } from '../object-key';

/** Neither character can be part of a key. */
const SLASH = '+';
const PARTIAL = '~partial';

/**
 * Maps keys to paths and back: `staging/0190…/7-0191…` lies in `<root>/staging/3f/0190…+7-0191…`, and while it is written
 * beside that under a name that ends in `~partial`, which follows from the key, so that whoever knows the key can remove
 * it. The fan-out (a hash of the key, since UUIDv7s of one day begin alike) keeps the set of directories small and fixed: no
 * object costs a directory of its own, no directory is ever removed, and none is made under a writer's feet.
 */
export class Layout {
  constructor(readonly root: string) {}

  directory(key: string): string {
    return join(this.root, namespaceOf(key), shardOf(key));
  }

  object(key: string): string {
    return join(this.directory(key), nameOf(key));
  }

  partial(key: string): string {
    return this.object(key) + PARTIAL;
  }

  /** The object or unfinished write that a file is; null when the file is none of the store's. */
  identify(namespace: string, shard: string, name: string): { key: string; partial: boolean } | null {
    const partial = name.endsWith(PARTIAL);
    const stem = partial ? name.slice(0, -PARTIAL.length) : name;
    const key = `${namespace}/${stem.replaceAll(SLASH, '/')}`;
    return isObjectKey(key) && shardOf(key) === shard ? { key, partial } : null;
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1).replaceAll('/', SLASH);
}

/** FNV-1a, folded to 8 bits. It spreads names; it protects nothing. */
function shardOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  return (hash & 0xff).toString(16).padStart(2, '0');
}

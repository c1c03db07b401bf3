import { LocalObjectStore } from './local/local.store';
import { ObjectStores } from './object-stores';

export interface StorageSettings {
  type: 'LOCAL' | 'S3';
  /** The directory of the local store; made when it is not there. */
  localDir: string;
}

/** The stores that the settings ask for, each behind the key check. Touches no disk: the first write or check does. */
export function createObjectStores(settings: StorageSettings): ObjectStores {
  switch (settings.type) {
    case 'LOCAL':
      return new ObjectStores(new LocalObjectStore(settings.localDir));
    case 'S3':
      throw new Error('STORAGE_TYPE=S3 is not part of this build; set STORAGE_TYPE=LOCAL.');
  }
}

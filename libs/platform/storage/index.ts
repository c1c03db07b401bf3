export { OBJECT_KEY_MAX_LENGTH, isObjectKey, isObjectKeyPrefix } from './object-key';
export { ObjectStore } from './object-store';
export type { ExpectedRange, ListedObject, ObjectReader, ObjectStat, ObjectWriter } from './object-store';
export { ObjectStores } from './object-stores';
export { createObjectStores, type StorageSettings } from './storage-factory';
export { ObjectExists, ObjectMissing, ObjectTruncated } from './storage.errors';
export { StorageModule } from './storage.module';

import { isAppError } from '@waybill/core/kernel';
import { LocalObjectStore } from './local/local.store';
import { ObjectStores } from './object-stores';
import { createObjectStores } from './storage-factory';

class OtherStore extends LocalObjectStore {
  override readonly driver: 'local' = 'other' as 'local';
}

describe('ObjectStores', () => {
  const stores = new ObjectStores(new LocalObjectStore('/nowhere/a'), new OtherStore('/nowhere/b'));

  it('writes to the first and finds each by its driver', () => {
    expect(stores.default.driver).toBe('local');
    expect(stores.of('local')).toBe(stores.default);
    expect(stores.of('other').driver).toBe('other');
  });

  it('checks the keys of every store', async () => {
    for (const driver of ['local', 'other']) {
      await expect(stores.of(driver).open('../etc/passwd')).rejects.toMatchObject({ code: 'INTERNAL' });
    }
  });

  it.each(['s3', '', 'constructor', '__proto__'])('has no store %j', (driver) => {
    let failure: unknown;
    try {
      stores.of(driver);
    } catch (error) {
      failure = error;
    }
    expect(isAppError(failure, 'DEPENDENCY_UNAVAILABLE')).toBe(true);
  });

  it('does not take two stores for one', () => {
    const store = () => new LocalObjectStore('/nowhere');
    expect(() => new ObjectStores(store(), store())).toThrow(TypeError);
  });
});

describe('createObjectStores', () => {
  it('makes the store that the settings name', () => {
    expect(createObjectStores({ type: 'LOCAL', localDir: '/nowhere' }).default.driver).toBe('local');
    expect(() => createObjectStores({ type: 'S3', localDir: '/nowhere' })).toThrow('STORAGE_TYPE');
  });
});

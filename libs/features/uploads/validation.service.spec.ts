import { UploadWorld } from './testing/upload-world';

let world: UploadWorld;

beforeAll(async () => {
  world = await UploadWorld.create();
});
afterAll(() => world.end());
afterEach(() => jest.restoreAllMocks());

const TEXT = Buffer.from('Waybill hands files over.\n');
const BINARY = Buffer.from([0, 1, 2, 3, 0xff]);

async function received(bytes: Buffer): Promise<string> {
  const begun = await world.begin();
  await world.receive(begun, bytes);
  return begun.upload.uploadId;
}

describe('ValidationService', () => {
  it('lets good content go on, once, however many look at it', async () => {
    const id = await received(TEXT);
    await Promise.all([world.validation.validate(id), world.validation.validate(id)]);
    expect((await world.repository.find(id))?.validatedAt).toBeInstanceOf(Date);
    await world.validation.validate(id);
  });

  it('ends what is not what its name says, and keeps no bytes of it', async () => {
    const id = await received(BINARY);
    await expect(world.validation.validate(id)).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
    expect(await world.repository.find(id)).toMatchObject({
      status: 'failed',
      failureCode: 'CONTENT_MISMATCH',
      wrappedDek: null,
    });
  });

  it('says of an upload that was cancelled and swept under its hands that it is gone, and nothing of its content', async () => {
    const id = await received(TEXT);
    const store = world.stores.default;
    const { open } = store;
    jest.spyOn(store, 'open').mockImplementationOnce(async (key) => {
      await world.endings.cancel(world.principal, id);
      await store.delete(key);
      return open.call(store, key);
    });
    await expect(world.validation.validate(id)).rejects.toMatchObject({ code: 'GONE' });
  });

  it('passes a broken store on, and leaves the upload to be checked again', async () => {
    const id = await received(TEXT);
    jest.spyOn(world.stores.default, 'open').mockRejectedValueOnce(new Error('EIO'));
    await expect(world.validation.validate(id)).rejects.toThrow('EIO');
    await world.validation.validate(id);
    expect((await world.repository.find(id))?.validatedAt).toBeInstanceOf(Date);
  });

  it('ends an upload whose staged bytes were damaged', async () => {
    const id = await received(TEXT);
    await world.query(
      `UPDATE objects SET size = size + 1 WHERE key IN (SELECT object_key FROM upload_parts WHERE upload_id = $1)`,
      [id],
    );
    await expect(world.validation.validate(id)).rejects.toMatchObject({ code: 'INTEGRITY_FAILURE' });
    expect(await world.repository.find(id)).toMatchObject({
      status: 'failed',
      failureCode: 'INTEGRITY_FAILURE',
      wrappedDek: null,
    });
  });
});

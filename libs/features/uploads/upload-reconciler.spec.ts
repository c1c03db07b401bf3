import { UploadWorld } from './testing/upload-world';

let world: UploadWorld;

beforeAll(async () => {
  world = await UploadWorld.create();
});
afterAll(() => world.end());
beforeEach(() => world.jobs.splice(0));

const TEXT = Buffer.from('Waybill hands files over.\n');

describe('UploadReconciler', () => {
  it('ends an upload whose request has died', async () => {
    const { upload, writer } = await world.begin();
    await world.expireLeases(upload.uploadId);
    await world.reconciler.run();
    expect(await world.repository.find(upload.uploadId)).toMatchObject({
      status: 'failed',
      failureCode: 'INTERRUPTED',
    });
    await writer.abandon();
  });

  it('leaves alone an upload whose lease had run out, and that was received before it could be ended', async () => {
    const late = await world.begin();
    const { uploadId } = late.upload;
    await world.expireLeases(uploadId);
    // The request that was taken for dead comes to its end between the look and the deed.
    const { interrupt } = world.endings;
    jest.spyOn(world.endings, 'interrupt').mockImplementationOnce(async (id) => {
      await world.receive(late, TEXT);
      await world.validation.validate(id);
      return interrupt.call(world.endings, id);
    });
    await world.reconciler.run();
    expect(await world.status(uploadId)).toBe('received');
    expect(world.jobs).toContainEqual({ name: 'upload.seal', data: { uploadId, attempt: 0 } });
  });

  it('validates what was received by a request that died', async () => {
    const begun = await world.begin();
    await world.receive(begun, TEXT);
    await world.expireLeases(begun.upload.uploadId);
    await world.reconciler.run();
    expect((await world.repository.find(begun.upload.uploadId))?.validatedAt).toBeInstanceOf(Date);
  });

  it('comes to everybody else although one upload cannot be validated at all', async () => {
    const poison = await world.begin('unheard-of');
    await world.receive(poison, TEXT);
    await world.expireLeases(poison.upload.uploadId);
    const waiting = await world.sealable();
    await world.reconciler.run();
    expect(world.jobs).toContainEqual({ name: 'upload.seal', data: { uploadId: waiting, attempt: 0 } });
    expect(await world.status(poison.upload.uploadId)).toBe('received');
  });

  it('does not come back at once to what could not be validated', async () => {
    const poison = await world.begin('unheard-of');
    await world.receive(poison, TEXT);
    await world.expireLeases(poison.upload.uploadId);
    const validate = jest.spyOn(world.validation, 'validate');
    await world.reconciler.run();
    await world.reconciler.run();
    expect(validate.mock.calls.filter(([id]) => id === poison.upload.uploadId)).toHaveLength(1);
  });

  it('ends what an account that was deleted was uploading, and gives up its bytes', async () => {
    const { upload, writer } = await world.begin();
    const waiting = await world.sealable();
    await world.query('UPDATE users SET deleted_at = now() WHERE id = $1', [upload.ownerId]);
    await world.reconciler.run();
    for (const id of [upload.uploadId, waiting]) {
      expect(await world.repository.find(id)).toMatchObject({ status: 'cancelled', wrappedDek: null });
    }
    expect(await world.query(`SELECT key FROM objects WHERE state <> 'dead'`)).toEqual([]);
    expect(await world.query('SELECT used_bytes FROM storage_usage')).toEqual([{ used_bytes: 0 }]);
    await writer.abandon();
    await world.query('UPDATE users SET deleted_at = NULL');
  });
});

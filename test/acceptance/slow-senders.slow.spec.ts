import { largeDocument } from '../fixtures/documents';
import { filePart, form, RawConnection, uploadHead } from '../support/raw';
import { TestSystem } from '../support/system';

/** Node ends requests that take longer than five minutes, unless it is told not to. */
const SECONDS = 320;
const BYTES_PER_SECOND = 50_000;

let system: TestSystem;

beforeAll(async () => {
  system = await TestSystem.start();
}, 120_000);
afterAll(() => system?.stop(), 30_000);

it(
  `U12 an honest upload at 50 KB a second takes ${SECONDS} seconds, and is taken`,
  async () => {
    const ops = await system.client('ops');
    const document = Buffer.concat([...largeDocument(SECONDS * BYTES_PER_SECOND)]);
    const body = form(filePart(document));
    const connection = await RawConnection.open(system.url);
    await connection.send(uploadHead({ length: body.length, token: ops.token }));
    const begun = performance.now();
    for (let at = 0; at < body.length;) {
      const due = Math.floor(((performance.now() - begun) / 1000) * BYTES_PER_SECOND);
      await connection.send(body.subarray(at, due));
      at = Math.max(at, due);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const answer = (await connection.answer())!;
    expect(performance.now() - begun).toBeGreaterThan(300_000);
    expect(answer.status).toBe(201);
    connection.end();
  },
  (SECONDS + 60) * 1000,
);

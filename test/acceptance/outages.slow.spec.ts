import { expectAllTold, OutageScene, type Dependency } from '../support/outages';

const AWAY_MS = 60_000;
/** Mails that failed a few times wait for minutes; a webhook that failed twice for five and a quarter. */
const SETTLED_MS = 9 * 60_000;
const DEPENDENCIES: Dependency[] = ['SMTP', 'the receiver', 'Redis'];

let scene: OutageScene;

beforeAll(async () => {
  scene = await OutageScene.start();
}, 60_000);
afterAll(() => scene?.stop(), 60_000);

it.each(DEPENDENCIES)(
  'J07 while %s is away for a minute nothing is lost, and nothing is sent twice under another id',
  async (dependency) => {
    const began = Date.now();
    await scene.without(dependency, AWAY_MS);
    await scene.settled({ timeoutMs: SETTLED_MS });
    const account = await scene.account();
    expectAllTold(account);
    const seconds = Math.round((Date.now() - began - AWAY_MS) / 1000);
    process.stderr.write(
      `${dependency}: ${account.addressees.length} mails and ${account.events.length} events so far, all told ${seconds} s after it was back\n`,
    );
  },
  15 * 60_000,
);

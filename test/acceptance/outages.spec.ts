import { expectAllTold, OutageScene, type Dependency } from '../support/outages';

jest.setTimeout(60_000);

const AWAY_MS = 1_500;
const DEPENDENCIES: Dependency[] = ['SMTP', 'the receiver', 'Redis'];

let scene: OutageScene;

beforeAll(async () => {
  scene = await OutageScene.start();
});
afterAll(() => scene?.stop());

// For a minute each, and without hurry: outages.slow.spec.ts.
it.each(DEPENDENCIES)(
  'J07 while %s is away nothing is lost, and nothing is sent twice under another id',
  async (dependency) => {
    await scene.without(dependency, AWAY_MS);
    await scene.settled({ timeoutMs: 30_000, hurry: true });
    expectAllTold(await scene.account());
  },
);

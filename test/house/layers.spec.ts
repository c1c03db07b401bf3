import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

const PLANTED: [what: string, folder: string, source: string, rule: string | null][] = [
  ['core that knows Nest', 'libs/core/kernel', `import '@nestjs/common';`, 'core-is-pure'],
  ['core that reads files', 'libs/core/kernel', `import 'node:fs';`, 'core-is-pure'],
  [
    'platform that knows a feature',
    'libs/platform/mail',
    `import '@waybill/features/files';`,
    'platform-knows-no-feature',
  ],
  [
    'a feature that knows a stranger',
    'libs/features/files',
    `import '@waybill/features/uploads';`,
    'feature-files-knows-its-own',
  ],
  [
    'a feature entered by the window',
    'libs/features/uploads',
    `import '@waybill/features/files/file.policy';`,
    'features-files-is-entered-by-its-index',
  ],
  [
    'an app that knows another',
    'apps/api',
    `import '../worker/worker.module';`,
    'apps-do-not-know-each-other',
  ],
  [
    'a client that knows the service',
    'libs/client',
    `import '@waybill/core/kernel';`,
    'client-is-a-stranger',
  ],
  ['a client with the manners of Nest', 'libs/client', `import '@nestjs/common';`, 'client-is-a-stranger'],
  [
    'a service that goes through its own front door',
    'libs/features/files',
    `import '@waybill/client';`,
    'client-is-for-strangers',
  ],
  ['TypeORM in a service', 'libs/features/files', `import 'typeorm';`, 'typeorm-stays-home'],
  ['Bull in a service', 'libs/features/files', `import 'bull';`, 'bull-stays-home'],
  [
    'node:crypto outside of core/crypto',
    'libs/features/auth',
    `import 'node:crypto';`,
    'node:crypto-stays-home',
  ],
  [
    'a development dependency in the product',
    'libs/platform/http',
    `import 'supertest';`,
    'not-to-dev-dependencies',
  ],
  ['what keeps to the rules', 'libs/features/files', `import '@waybill/core/kernel';`, null],
];

const fileOf = (index: number): string => `${PLANTED[index]![1]}/planted-${index}.ts`;

/** One run of the check over a copy of the house, with every violation planted. Answers file → broken rules. */
function checkCopy(): Map<string, string[]> {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'waybill-layers-')));
  try {
    for (const each of ['apps', 'libs', 'tsconfig.json', 'package.json', '.dependency-cruiser.cjs']) {
      cpSync(join(ROOT, each), join(copy, each), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    PLANTED.forEach(([, , source], index) => writeFileSync(join(copy, fileOf(index)), `${source}\n`));
    const depcruise = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const args = [
      depcruise,
      ...PLANTED.map((_, index) => fileOf(index)),
      '--preserve-symlinks',
      '--output-type',
      'json',
    ];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: copy,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (stdout === '') throw new Error(stderr);
    const { summary } = JSON.parse(stdout) as {
      summary: { violations: { from: string; rule: { name: string } }[] };
    };
    const found = new Map<string, string[]>();
    for (const { from, rule } of summary.violations) found.set(from, [...(found.get(from) ?? []), rule.name]);
    return found;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

describe('the layer check', () => {
  let found: Map<string, string[]>;
  beforeAll(() => {
    found = checkCopy();
  });

  it.each(PLANTED.map(([what, , , rule], index) => ({ what, rule, file: fileOf(index) })))(
    'judges $what',
    ({ rule, file }) => {
      const broken = found.get(file) ?? [];
      if (rule === null) expect(broken).toEqual([]);
      else expect(broken).toContain(rule);
    },
  );
});

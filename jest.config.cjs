const { readFileSync, readdirSync, existsSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');

/**
 * Jest runs CommonJS. Packages that ship only ES modules are therefore transformed like our own code; the list is
 * computed from what is installed, because a list kept by hand breaks with every upgrade.
 */
function esmPackages() {
  const root = join(__dirname, 'node_modules');
  const names = readdirSync(root).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(root, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return names.filter((name) => {
    const manifest = join(root, name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
  });
}

const swc = [
  '@swc/jest',
  {
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    sourceMaps: 'inline',
  },
];

const base = {
  rootDir: __dirname,
  testEnvironment: 'node',
  moduleNameMapper: { '^@waybill/(.*)$': '<rootDir>/libs/$1' },
  transform: { '\\.([cm]?[jt]s)$': swc },
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages().join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  // Proofs that take minutes: `npm run test:slow`, see jest.slow.config.cjs.
  testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.spec\\.ts$'],
};

module.exports = {
  // Most files start processes and wait for them, so every core may have one. They share one PostgreSQL, whose
  // connections bound how many there may be.
  maxWorkers: Math.min(4, availableParallelism()),
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/{libs,apps,scripts,test/house}/**/*.spec.ts'] },
    {
      ...base,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.cjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.cjs',
    },
    {
      ...base,
      displayName: 'acceptance',
      testMatch: ['<rootDir>/test/acceptance/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.cjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.cjs',
    },
  ],
};

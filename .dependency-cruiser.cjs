const { readdirSync } = require('node:fs');
const { join } = require('node:path');

const features = ['audit', 'auth', 'uploads', 'progress', 'files', 'sharing', 'search', 'notifications'];
/** Who may know whom among features; everybody meets auth through `Principal` and the guards that the API registers. */
const acquaintances = {
  audit: [],
  auth: [],
  progress: [],
  files: [],
  uploads: ['files', 'progress'],
  sharing: ['files'],
  search: ['files'],
  notifications: ['auth'],
};

const feature = (name) => ({
  name: `feature-${name}-knows-its-own`,
  comment: `libs/features/${name} may know ${acquaintances[name].join(', ') || 'no other feature'}.`,
  severity: 'error',
  from: { path: `^libs/features/${name}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: `^libs/features/(?!(${[name, ...acquaintances[name]].join('|')})/)` },
});

const folders = ['core', 'platform', 'features'].flatMap((layer) =>
  readdirSync(join(__dirname, 'libs', layer)).map((name) => `libs/${layer}/${name}`),
);

/** platform/http also has an index for each protocol that it speaks. */
const enteredByIndex = (folder) => ({
  name: `${folder.slice(5).replace('/', '-')}-is-entered-by-its-index`,
  severity: 'error',
  from: { path: '^(apps|libs)/', pathNot: [`^${folder}/`, '\\.spec\\.ts$', '/testing/'] },
  to: {
    path: `^${folder}/`,
    pathNot: [
      `^${folder}/index\\.ts$`,
      '^libs/platform/http/(multipart|range|content-disposition)/index\\.ts$',
    ],
  },
});

const confined = (name, module, homes) => ({
  name: `${name}-stays-home`,
  comment: `${name} is known in ${homes.join(', ')} alone.`,
  severity: 'error',
  from: { path: '^(apps|libs)/', pathNot: [...homes, '\\.spec\\.ts$', '/testing/'] },
  to: { path: module },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'What depends on itself has no inside. Entities that point at each other are the exception TypeORM asks for.',
      severity: 'error',
      from: { pathNot: '\\.entity\\.ts$' },
      to: { circular: true },
    },
    {
      name: 'core-is-pure',
      comment: 'core knows neither Nest nor any layer above, and does no input or output.',
      severity: 'error',
      from: { path: '^libs/core/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: [
          '^libs/(platform|features)/',
          '^apps/',
          '^node_modules/',
          '^(node:)?(fs|net|http|https|child_process)(/|$)',
        ],
      },
    },
    {
      name: 'threads-only-for-digests',
      comment: 'A thread may compute; what else the product does at once, it does on one event loop.',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['\\.spec\\.ts$', '^libs/core/crypto/sha256-thread\\.ts$'] },
      to: { path: '^(node:)?worker_threads(/|$)' },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^libs/platform/' },
      to: { path: ['^libs/features/', '^apps/'] },
    },
    { name: 'libs-know-no-app', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'apps-do-not-know-each-other',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'client-is-a-stranger',
      comment: 'The client of the API knows the API by its description alone, and nothing of how it is made.',
      severity: 'error',
      from: { path: '^libs/client/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: ['^libs/(core|platform|features)/', '^apps/', '^node_modules/(?!openapi-fetch/)', '^node:'],
      },
    },
    {
      name: 'client-is-for-strangers',
      comment: 'Whoever has the service itself does not go through its front door.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/client/', '^apps/waybill/', '\\.spec\\.ts$'] },
      to: { path: '^libs/client/' },
    },
    {
      name: 'the-terminal-client-is-a-stranger',
      comment: 'It speaks the public API, as everybody can.',
      severity: 'error',
      from: { path: '^apps/waybill/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/', pathNot: '^libs/client/index\\.ts$' },
    },
    ...folders.map(enteredByIndex),
    ...features.map(feature),
    confined('typeorm', '^node_modules/(@nestjs/)?typeorm/', [
      '^libs/platform/database/',
      '\\.(entity|repository|module)\\.ts$',
      '^libs/features/uploads/pending-uploads\\.ts$',
      '^apps/cli/commands/migrate\\.ts$',
    ]),
    confined('pg', '^node_modules/pg/', ['^libs/platform/database/']),
    confined('bull', '^node_modules/(@nestjs/)?bull/', ['^libs/platform/queue/', '\\.processor\\.ts$']),
    confined('aws', '^node_modules/@aws-sdk/', ['^libs/platform/storage/']),
    confined('node:crypto', '^(node:)?crypto$', ['^libs/core/crypto/', '^apps/waybill/']),
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['\\.spec\\.ts$', '/testing/', '\\.contract\\.ts$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'not-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    exclude: { path: '^dist/' },
  },
};

const { projects } = require('./jest.config.cjs');

/** The proofs that take minutes or gigabytes; each has a smaller twin that every run carries out. */
const acceptance = projects.find(({ displayName }) => displayName === 'acceptance');

module.exports = {
  maxWorkers: 1,
  projects: [
    {
      ...acceptance,
      displayName: 'slow',
      testMatch: ['<rootDir>/test/**/*.slow.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/'],
    },
  ],
};

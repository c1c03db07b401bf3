/** Lets a plain Node process require the sources, for tests that need a process of their own to kill. */
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { transformSync } = require('@swc/core');

const LIBS = join(__dirname, '..', '..', '..');
const resolve = Module._resolveFilename;

Module._resolveFilename = (request, ...rest) =>
  resolve.call(Module, request.replace(/^@waybill\//, `${LIBS}/`), ...rest);

Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    module: { type: 'commonjs' },
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  });
  module._compile(code, filename);
};

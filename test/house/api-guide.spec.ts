import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '../..');
const guide = readFileSync(join(ROOT, 'docs/api-guide.md'), 'utf8');
const document = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};

/** The code of all blocks of a language, in the order of the page. */
const blocks = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);

/** Compiles a module that is nowhere but here, as if it lay beside the guide. */
function problemsOf(source: string): string[] {
  const file = join(ROOT, 'docs/api-guide.example.ts');
  const read = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, ROOT);
  const settings: ts.CompilerOptions = {
    ...options,
    // As an integrator's program, which may await anywhere.
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noEmit: true,
    incremental: false,
    noUnusedLocals: false,
  };
  const host = ts.createCompilerHost(settings);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (path) => (path === file ? source : readFile(path));
  host.fileExists = (path) => path === file || fileExists(path);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, target, ...rest) =>
    path === file ? ts.createSourceFile(path, source, target) : getSourceFile(path, target, ...rest);
  const program = ts.createProgram([file], settings, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** Method and path of every call that a shell block makes, with `$…` for what comes before it. */
const calls = blocks('bash')
  .join('\n')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .flatMap((line) =>
    [...line.matchAll(/(?:curl|json)\s+([^()|]*?"\$API(\/[^"?]*)[^()|]*)/g)].map(([, command, path]) => {
      const sends = /\s-(d|F|-data-binary)\s/.test(` ${command}`);
      const method =
        /-X (\w+)/.exec(command!)?.[1] ??
        (/(^|\s)(-I|--head)\s/.test(command!) ? 'HEAD' : sends ? 'POST' : 'GET');
      return { call: `${method} ${path}`, method, path: `/api${path}` };
    }),
  );

describe('docs/api-guide.md', () => {
  it('has a typed client that compiles', () => {
    const source = blocks('ts').join('\n');
    expect(source).toContain('createWaybillClient');
    const wrong = `// @ts-expect-error: what is wrong is found\nawait waybill.GET('/api/nowhere');`;
    expect(problemsOf(`${source}\n${wrong}`)).toEqual([]);
  }, 60_000);

  it('shows calls', () => {
    expect(calls.length).toBeGreaterThan(10);
  });

  it.each(calls)('calls what there is: $call', ({ method, path }) => {
    const pattern = new RegExp(`^${path.replaceAll(/\$\w+/g, '\\{[^/]+\\}')}$`);
    const known = Object.keys(document.paths).filter((each) => pattern.test(each));
    expect(known.flatMap((each) => Object.keys(document.paths[each]!))).toContain(method.toLowerCase());
  });
});

import { PassThrough } from 'node:stream';
import { printable, readableSize, Terminal, type Output } from './terminal';

function terminal(isTTY: boolean): { terminal: Terminal; results: () => string; talk: () => string } {
  const [results, talk]: Output[] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY })];
  const textOf = (stream: Output): string => String((stream as PassThrough).read() ?? '');
  return {
    terminal: new Terminal(results!, talk!),
    results: () => textOf(results!),
    talk: () => textOf(talk!),
  };
}

describe('a terminal', () => {
  it('has a bar that fills up, and is taken away for what stays', () => {
    const { terminal: here, results, talk } = terminal(true);
    here.show({ label: 'offer.docx', phase: 'uploading', part: 0.5, note: '1 of 2' });
    expect(talk()).toBe(
      `\r\u001B[K${'offer.docx'.padEnd(28)} ${'█'.repeat(12)}${'░'.repeat(12)}  50 %  uploading  1 of 2`,
    );
    here.result('done');
    expect(talk()).toBe('\r\u001B[K');
    expect(results()).toBe('done\n');
    here.say('more');
    expect(talk()).toBe('more\n');
  });

  it('draws no more often than eyes see, but every phase and the end', () => {
    const { terminal: here, talk } = terminal(true);
    for (const part of [0.1, 0.2, 0.3, 1]) here.show({ label: 'a', phase: 'uploading', part });
    here.show({ label: 'a', phase: 'encrypting', part: null });
    expect(talk().match(/(\d+|\?)( %)?(?= {2}\w+ing)/g)).toEqual(['10 %', '100 %', '?']);
  });

  it('shortens what is too long for its place', () => {
    const { terminal: here, talk } = terminal(true);
    here.show({ label: `${'x'.repeat(60)}.docx`, phase: 'uploading', part: 0 });
    expect(talk()).toContain(`${'x'.repeat(27)}… ░`);
  });
});

describe('no terminal', () => {
  it('gets one line for each phase', () => {
    const { terminal: here, talk } = terminal(false);
    expect(here.animated).toBe(false);
    for (const part of [0.1, 0.2]) here.show({ label: 'a', phase: 'uploading', part, note: 'n' });
    here.show({ label: 'a', phase: 'encrypting', part: 0 });
    here.show({ label: 'b', phase: 'encrypting', part: 0 });
    expect(talk()).toBe('a: uploading (n)\na: encrypting\nb: encrypting\n');
  });
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [5 * 1024 ** 3 + 1, '5.0 GiB'],
])('%i bytes are %s', (bytes, text) => expect(readableSize(bytes)).toBe(text));

it('prints nothing of others that would move a cursor', () => {
  expect(printable('a\u001B[2Jb\u202Ec\rd')).toBe('a\uFFFD[2Jb\uFFFDc\uFFFDd');
});

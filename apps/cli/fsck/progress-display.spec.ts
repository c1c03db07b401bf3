import { ProgressDisplay } from './progress-display';

const MIB = 1024 * 1024;

function shown(isTTY: boolean): { display: ProgressDisplay; texts: string[]; at: (seconds: number) => void } {
  const texts: string[] = [];
  let now = 1_000;
  const display = new ProgressDisplay({ isTTY, write: (text) => texts.push(text) }, () => now);
  return { display, texts, at: (seconds) => void (now = 1_000 + seconds * 1_000) };
}

describe('ProgressDisplay', () => {
  it('writes a line every few seconds where nobody watches', () => {
    const { display, texts, at } = shown(false);
    display.expect(4, 400 * MIB);
    display.phase('files');
    at(2);
    display.advance(1, 100 * MIB);
    at(5);
    display.advance(1, 100 * MIB);
    at(6);
    display.advance(1, 100 * MIB);
    display.clear();
    expect(texts).toEqual(['fsck: 50 %, 2 of 4 objects, 200.0 MiB of 400.0 MiB, 40 MiB/s, files\n']);
  });

  it('moves a bar where somebody watches, and takes it away', () => {
    const { display, texts, at } = shown(true);
    display.expect(2, 2 * MIB);
    display.phase('files');
    at(1);
    display.advance(1, MIB);
    display.clear();
    display.clear();
    expect(texts).toEqual([
      '\r\x1b[K[############............] 50 %, 1 of 2 objects, 1.0 MiB of 2.0 MiB, 1 MiB/s, files',
      '\r\x1b[K',
    ]);
  });

  it.each([
    ['nothing to do', 0, 0, '100 %'],
    ['more than there was', 10, 30, '100 %'],
  ])('never passes the end with %s', (_title, expected, done, percent) => {
    const { display, texts, at } = shown(false);
    display.expect(1, expected);
    at(10);
    display.advance(1, done);
    expect(texts[0]).toContain(percent);
  });
});

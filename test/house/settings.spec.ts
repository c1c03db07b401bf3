import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** The names that a file sets, or shows commented out. */
const namesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1]!).sort();

describe('.env.example', () => {
  it('has every setting that the code reads, and no other', () => {
    const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
    const environment = readFileSync(join(ROOT, 'libs/platform/config/environment.ts'), 'utf8');
    const read = namesIn(environment, /^ {2}([A-Z][A-Z0-9_]+)[?:]? ?[:=]/gm);
    expect(read.length).toBeGreaterThan(20);
    expect(namesIn(example, /^#?([A-Z][A-Z0-9_]+)=/gm)).toEqual(read);
  });
});

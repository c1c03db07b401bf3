import { highlight } from './highlight';
import { parseTerms, termOf } from './search-terms';

const of = (text: string, question: string, field = 'title'): string | undefined =>
  highlight([[field, text]], parseTerms(question))[0]?.html;

describe('highlight', () => {
  it.each([
    ['Über Straßen', 'uber strasse', '<mark>Über</mark> <mark>Straße</mark>n'],
    ['Über', 'über', '<mark>U\u0308ber</mark>'.normalize('NFC')],
    ['U\u0308ber', 'ub', '<mark>U\u0308b</mark>er'],
    ['a_b a-b axb', 'a_b', '<mark>a_b</mark> <mark>a-b</mark> axb'],
    ['<script>x</script>', 'script', '&lt;<mark>script</mark>&gt;x&lt;/<mark>script</mark>&gt;'],
    ['"x" & \'y\'', 'x', '&quot;<mark>x</mark>&quot; &amp; &#39;y&#39;'],
    ['四半期報告書', '報告', '四半期<mark>報告</mark>書'],
    ['ＦＵＬＬ width', 'full', '<mark>ＦＵＬＬ</mark> width'],
    ['😀 smile', 'smile', '😀 <mark>smile</mark>'],
    ['aaa', 'a aa', '<mark>aa</mark>a'],
    ['report', 'port', undefined],
    ['nothing', 'else', undefined],
    ['(a+)+$ and a', '(a+)+$', '(<mark>a</mark>+)+$ <mark>a</mark>nd <mark>a</mark>'],
  ])('%s for %s', (text, question, expected) => {
    expect(of(text, question)).toBe(expected);
  });

  it.each([
    ['subreport.docx', 'report', 'sub<mark>report</mark>.docx'],
    ['100%_a', '%_', '100<mark>%_</mark>a'],
    ['x-ray', '-', 'x<mark>-</mark>ray'],
    ['subway', 'bw', undefined],
  ])('within the name %s for %s', (name, question, expected) => {
    expect(of(name, question, 'name')).toBe(expected);
  });

  it('marks what the name was asked for in the name alone', () => {
    const texts = [
      ['name', 'report'],
      ['title', 'report'],
    ] as const;
    expect(highlight(texts, [], termOf('port'))).toEqual([{ field: 'name', html: 're<mark>port</mark>' }]);
  });

  it('shows a part of what is long, and cuts no character in two', () => {
    const long = `${'😀'.repeat(300)} needle ${'😀'.repeat(300)}`;
    const found = of(long, 'needle')!;
    expect(found).toMatch(/^…(😀)+ <mark>needle<\/mark> (😀)+…$/u);
    expect(found.length).toBeLessThan(250);
  });

  it('takes no longer for a text that a pattern would despair of', () => {
    const started = performance.now();
    of(`${'a'.repeat(4000)}!`, '(a+)+$ a*a*a*a*b aaaaaaaaaaaaaaaaaab');
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('terms', () => {
  it('are distinct, and told apart by how they can be found', () => {
    expect(parseTerms('  Report report 報告 a%b ab % ')).toEqual([
      { text: 'Report', words: true, within: true, trigrams: true },
      { text: '報告', words: true, within: false, trigrams: false },
      { text: 'a%b', words: true, within: true, trigrams: false },
      { text: 'ab', words: true, within: false, trigrams: false },
      { text: '%', words: false, within: true, trigrams: false },
    ]);
    expect(parseTerms('　\u00a0\n')).toEqual([]);
  });
});

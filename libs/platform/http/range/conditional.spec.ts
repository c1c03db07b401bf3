import {
  evaluateConditional,
  ifRangeMatches,
  type ConditionalHeaders,
  type ConditionalOutcome,
} from './conditional';

const ETAG = '"xyzzy"';
const WEAK = 'W/"xyzzy"';

describe('evaluateConditional', () => {
  type Row = [method: string, headers: ConditionalHeaders, outcome: ConditionalOutcome, etag?: string | null];

  it.each<Row>([
    ['GET', {}, 'proceed'],

    // If-Match (section 13.1.1): strong comparison.
    ['PATCH', { 'if-match': '"xyzzy"' }, 'proceed'],
    ['PATCH', { 'if-match': '"other"' }, 412],
    ['PATCH', { 'if-match': '"other", "xyzzy"' }, 'proceed'],
    ['PATCH', { 'if-match': ', "other" ,\t,"xyzzy",' }, 'proceed'],
    ['PATCH', { 'if-match': '"a,b", "c"' }, 'proceed', '"a,b"'],
    ['PATCH', { 'if-match': '"a"' }, 412, '"a,b"'],
    ['PATCH', { 'if-match': 'W/"xyzzy"' }, 412],
    ['PATCH', { 'if-match': '"xyzzy"' }, 412, WEAK],
    ['PATCH', { 'if-match': 'W/"xyzzy"' }, 412, WEAK],
    ['PATCH', { 'if-match': '*' }, 'proceed'],
    ['PATCH', { 'if-match': '*' }, 412, null],
    ['PATCH', { 'if-match': '"xyzzy"' }, 412, null],
    ['DELETE', { 'if-match': '"other"' }, 412],
    ['GET', { 'if-match': '"other"' }, 412],
    ['HEAD', { 'if-match': '"xyzzy"' }, 'proceed'],

    // What cannot be read permits no change.
    ['PATCH', { 'if-match': '' }, 412],
    ['PATCH', { 'if-match': 'xyzzy' }, 412],
    ['PATCH', { 'if-match': '"xyzzy' }, 412],
    ['PATCH', { 'if-match': '"xyzzy" "b"' }, 412],
    ['PATCH', { 'if-match': 'w/"xyzzy"' }, 412],
    ['PATCH', { 'if-match': '*, "xyzzy"' }, 412],
    ['PATCH', { 'if-match': '"XYZZY"' }, 412],

    // If-None-Match (section 13.1.2): weak comparison.
    ['GET', { 'if-none-match': '"xyzzy"' }, 304],
    ['HEAD', { 'if-none-match': '"xyzzy"' }, 304],
    ['GET', { 'if-none-match': 'W/"xyzzy"' }, 304],
    ['GET', { 'if-none-match': '"xyzzy"' }, 304, WEAK],
    ['GET', { 'if-none-match': 'W/"xyzzy", W/"r2d2xxxx"' }, 304],
    ['GET', { 'if-none-match': '"r2d2xxxx", "c3piozzzz"' }, 'proceed'],
    ['GET', { 'if-none-match': '*' }, 304],
    ['GET', { 'if-none-match': '*' }, 'proceed', null],
    ['PUT', { 'if-none-match': '*' }, 412],
    ['PUT', { 'if-none-match': '*' }, 'proceed', null],
    ['DELETE', { 'if-none-match': 'W/"xyzzy"' }, 412],
    ['GET', { 'if-none-match': 'xyzzy' }, 'proceed'],
    ['GET', { 'if-none-match': '"xyzzy' }, 'proceed'],
    ['GET', { 'if-none-match': '' }, 'proceed'],
    ['GET', { 'if-none-match': '""' }, 304, '""'],

    // Order (section 13.2.2): If-Match before If-None-Match.
    ['GET', { 'if-match': '"xyzzy"', 'if-none-match': '"xyzzy"' }, 304],
    ['GET', { 'if-match': '"other"', 'if-none-match': '"xyzzy"' }, 412],

    // No Last-Modified, no answer to dates.
    ['GET', { 'if-modified-since': 'Sat, 29 Oct 2994 19:43:31 GMT' }, 'proceed'],
    ['PATCH', { 'if-unmodified-since': 'Sat, 29 Oct 1994 19:43:31 GMT' }, 'proceed'],
  ])('%s with %j is %s (ETag %s)', (method, headers, outcome, etag = ETAG) => {
    expect(evaluateConditional({ method, etag }, headers)).toBe(outcome);
  });

  describe('with a Last-Modified', () => {
    // Half a second past: HTTP knows no fractions.
    const lastModified = new Date('1994-10-29T19:43:31.500Z');
    const [before, same, after] = ['30', '31', '32'].map((s) => `Sat, 29 Oct 1994 19:43:${s} GMT`) as [
      string,
      string,
      string,
    ];

    it.each<[string, ConditionalHeaders, ConditionalOutcome]>([
      ['GET', { 'if-modified-since': before }, 'proceed'],
      ['GET', { 'if-modified-since': same }, 304],
      ['HEAD', { 'if-modified-since': after }, 304],
      ['PATCH', { 'if-modified-since': same }, 'proceed'],
      ['GET', { 'if-modified-since': 'Saturday, 29-Oct-94 19:43:31 GMT' }, 304],
      ['GET', { 'if-modified-since': 'Sat Oct 29 19:43:31 1994' }, 304],
      ['GET', { 'if-modified-since': 'Sat Oct  9 19:43:31 2004' }, 304],
      ['GET', { 'if-modified-since': 'Saturday, 29-Oct-93 19:43:31 GMT' }, 'proceed'],
      ['PATCH', { 'if-unmodified-since': before }, 412],
      ['PATCH', { 'if-unmodified-since': same }, 'proceed'],
      ['GET', { 'if-unmodified-since': before }, 412],

      // Not dates, therefore ignored.
      ['PATCH', { 'if-unmodified-since': '1994' }, 'proceed'],
      ['GET', { 'if-modified-since': '2994-10-29T19:43:31Z' }, 'proceed'],
      ['GET', { 'if-modified-since': 'Sat, 31 Feb 2994 19:43:31 GMT' }, 'proceed'],
      ['GET', { 'if-modified-since': 'Sat, 00 Oct 2994 19:43:31 GMT' }, 'proceed'],
      ['GET', { 'if-modified-since': 'Sat, 29 Okt 2994 19:43:31 GMT' }, 'proceed'],
      ['GET', { 'if-modified-since': 'Sat, 29 Oct 2994 24:43:31 GMT' }, 'proceed'],
      ['GET', { 'if-modified-since': 'Sat, 29 Oct 2994 19:43:31 CET' }, 'proceed'],

      // A tag is the better witness: the date beside it is not looked at.
      ['GET', { 'if-none-match': '"other"', 'if-modified-since': after }, 'proceed'],
      ['GET', { 'if-none-match': '"xyzzy"', 'if-modified-since': before }, 304],
      ['PATCH', { 'if-match': '"xyzzy"', 'if-unmodified-since': before }, 'proceed'],
      ['PATCH', { 'if-match': '"other"', 'if-unmodified-since': after }, 412],
    ])('%s with %j is %s', (method, headers, outcome) => {
      expect(evaluateConditional({ method, etag: ETAG, lastModified }, headers)).toBe(outcome);
    });
  });
});

describe('L11 ifRangeMatches', () => {
  it.each([
    ['no If-Range', undefined, ETAG, true],
    ['the same tag', '"xyzzy"', ETAG, true],
    ['a stale tag', '"old"', ETAG, false],
    ['the same tag, weak', 'W/"xyzzy"', ETAG, false],
    ['the same weak tag', WEAK, WEAK, false],
    ['a strong tag for a weak one', '"xyzzy"', WEAK, false],
    ['a date', 'Sat, 29 Oct 1994 19:43:31 GMT', ETAG, false],
    ['a list', '"xyzzy", "old"', ETAG, false],
    ['a star', '*', ETAG, false],
    ['no quotes', 'xyzzy', ETAG, false],
    ['nothing', '', ETAG, false],
  ])('L11 %s', (_what, header, etag, expected) => expect(ifRangeMatches(header, etag)).toBe(expected));
});

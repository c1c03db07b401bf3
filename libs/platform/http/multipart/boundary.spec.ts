import { parseBoundary } from './boundary';

describe('parseBoundary', () => {
  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;BOUNDARY=abc', 'abc'],
    ['multipart/form-data; charset=utf-8; boundary=abc;', 'abc'],
    ['multipart/form-data ; boundary="a b:c=/?(),\'"', "a b:c=/?(),'"],
    [
      'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW',
      '----WebKitFormBoundary7MA4YWxkTrZu0gW',
    ],
    [`multipart/form-data; boundary=${'b'.repeat(70)}`, 'b'.repeat(70)],
    ['multipart/form-data; boundary="0"', '0'],
  ])('reads %j', (contentType, boundary) => expect(parseBoundary(contentType)).toBe(boundary));

  it.each([
    ['another type', 'application/json; boundary=abc'],
    ['another multipart', 'multipart/mixed; boundary=abc'],
    ['nothing', ''],
    ['no boundary', 'multipart/form-data'],
    ['an empty one', 'multipart/form-data; boundary='],
    ['an empty one in quotes', 'multipart/form-data; boundary=""'],
    ['71 characters', `multipart/form-data; boundary=${'b'.repeat(71)}`],
    ['two of them', 'multipart/form-data; boundary=a; boundary=b'],
    ['two of them, in another case', 'multipart/form-data; boundary=a; Boundary=a'],
    ['a space at its end', 'multipart/form-data; boundary="abc "'],
    ['an unquoted space', 'multipart/form-data; boundary=a b'],
    ['an open quote', 'multipart/form-data; boundary="abc'],
    ['text after the quote', 'multipart/form-data; boundary="abc"d'],
    ['CR LF', 'multipart/form-data; boundary="a\r\nb"'],
    ['characters beyond RFC 2046', 'multipart/form-data; boundary="a<b>"'],
    ['an asterisk', 'multipart/form-data; boundary=a*b'],
    ['other letters', 'multipart/form-data; boundary="ä"'],
    ['blanks around the equals sign', 'multipart/form-data; boundary = abc'],
    ['a comma list', 'multipart/form-data; boundary=a, multipart/form-data; boundary=b'],
  ])('refuses %s', (_what, contentType) => {
    expect(() => parseBoundary(contentType)).toThrow(expect.objectContaining({ code: 'MALFORMED_BODY' }));
  });
});

import { AppError } from '@waybill/core/kernel';
import fc from 'fast-check';
import { MultipartParser } from './multipart-parser';
import { BOUNDARY, CONTENT_TYPE, cutAt, everyByte, field, file, form, parse, part } from './testing/record';

const DELIMITER = `\r\n--${BOUNDARY}`;

describe('MultipartParser', () => {
  it('hands parts on in their order, fields before and after files', () => {
    const body = form(field('title', 'T'), file('a.docx', 'AAA'), field('tags', 'x,y'));
    expect(parse(CONTENT_TYPE, [body])).toEqual({
      told: [
        { field: 'title', value: 'T' },
        { file: 'file', fileName: 'a.docx', contentType: null, data: 'AAA', ended: true },
        { field: 'tags', value: 'x,y' },
      ],
      error: null,
    });
  });

  it('gives views of the chunk, not copies', () => {
    const seen: Buffer[] = [];
    const parser = new MultipartParser(CONTENT_TYPE, {
      onField: () => {},
      onFile: () => {},
      onFileData: (chunk) => seen.push(chunk),
      onFileEnd: () => {},
    });
    const head = Buffer.from(file('a', '').subarray(0, -2));
    const middle = Buffer.alloc(1000, 'm');
    parser.write(head);
    parser.write(middle);
    expect(seen).toEqual([middle]);
    expect(seen[0]!.buffer).toBe(middle.buffer);
    expect(seen[0]!.byteOffset).toBe(middle.byteOffset);
  });

  it('ends a part that has no content before a boundary that follows its blank line', () => {
    const body = Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n--${BOUNDARY}--`,
    );
    expect(parse(CONTENT_TYPE, [body]).told).toEqual([
      { file: 'file', fileName: 'a', contentType: null, data: '', ended: true },
    ]);
  });

  it('keeps the error of a handler, and throws it again from every later call', () => {
    const refusal = new AppError('FILE_TOO_LARGE', 'Too large.');
    const parser = new MultipartParser(CONTENT_TYPE, {
      onField: () => {},
      onFile: () => {},
      onFileData: () => {
        throw refusal;
      },
      onFileEnd: () => {},
    });
    expect(() => parser.write(form(file('a', 'content')))).toThrow(refusal);
    expect(() => parser.write(Buffer.from('more'))).toThrow(refusal);
    expect(() => parser.end()).toThrow(refusal);
  });

  describe('with limits', () => {
    const limits = { maxParts: 4, maxFields: 3, maxFiles: 2, maxFieldBytes: 4, maxFieldsBytes: 8 };
    const refusal = (...parts: Buffer[]) => parse(CONTENT_TYPE, [form(...parts)], limits).error?.detail;

    it.each([
      ['parts', [field('a'), file('f'), field('b'), file('g')]],
      ['bytes of a field', [field('a', '1234')]],
      ['bytes of all fields', [field('a', '1234'), field('b', '12')]],
    ])('takes as many %s as they say', (_what, parts) => expect(refusal(...parts)).toBeUndefined());

    it.each([
      ['parts', [field('a'), file('f'), field('b'), file('g'), field('c')], 'more than 4 parts'],
      ['fields', [field('a'), field('b'), field('c'), field('d')], 'more than 3 fields'],
      ['files', [file('f'), file('g'), file('h')], 'more than 2 file'],
      ['bytes of a field', [field('a', '12345')], 'longer than 4 bytes'],
      ['bytes of all fields', [field('a', '1234'), field('b', '123')], 'longer than 8 bytes together'],
    ])('refuses more %s', (_what, parts, detail) => expect(refusal(...parts)).toContain(detail));
  });

  it('gathers long headers and values from single bytes', () => {
    const [name, value] = ['n'.repeat(3000), 'v'.repeat(5000)];
    expect(parse(CONTENT_TYPE, everyByte(form(field(name, value)))).told).toEqual([{ field: name, value }]);
  });

  it('bounds the padding of each boundary by itself', () => {
    const padded = (blanks: number) =>
      Buffer.from(
        form(field('a'), field('b'))
          .toString()
          .replaceAll(`--${BOUNDARY}\r`, `--${BOUNDARY}${' '.repeat(blanks)}\r`),
      );
    expect(parse(CONTENT_TYPE, [padded(64)]).error).toBeNull();
    expect(parse(CONTENT_TYPE, [padded(65)]).error?.code).toBe('MALFORMED_BODY');
  });

  it.each([
    ['the first', []],
    ['a later', [field('a')]],
  ])('sees that %s part has no headers', (_what, before) => {
    const bare = Buffer.from(`--${BOUNDARY}\r\n\r\nX: y\r\n\r\n`);
    expect(parse(CONTENT_TYPE, [form(...before, bare)]).error?.detail).toBe(
      'A part has no Content-Disposition.',
    );
  });

  it('takes a header block of exactly the limit', () => {
    const headers = 'Content-Disposition: form-data; name="a"';
    const maxHeaderBytes = headers.length + 4;
    const body = form(part(headers, 'v'), part(headers, 'w'));
    expect(parse(CONTENT_TYPE, [body], { maxHeaderBytes }).error).toBeNull();
    expect(parse(CONTENT_TYPE, everyByte(body), { maxHeaderBytes }).error).toBeNull();
    expect(parse(CONTENT_TYPE, [body], { maxHeaderBytes: maxHeaderBytes - 1 }).error?.code).toBe(
      'VALIDATION_FAILED',
    );
  });

  describe('for any way to cut a body into chunks', () => {
    const nearDelimiter = fc
      .tuple(fc.nat(DELIMITER.length - 1), fc.constantFrom('', '\r', '\n', '-', 'x', '\r\n', '\r\n--'))
      .map(([length, then]) => DELIMITER.slice(0, length) + then);
    const content = fc
      .array(
        fc.oneof(
          nearDelimiter,
          fc.constantFrom(
            BOUNDARY,
            `\n--${BOUNDARY}`,
            `\r--${BOUNDARY}--`,
            `\r\n-${BOUNDARY}`,
            `-${DELIMITER.slice(2, 8)}`,
          ),
          fc.string({ unit: 'binary-ascii', maxLength: 40 }),
        ),
        { maxLength: 8 },
      )
      .map((pieces) => pieces.join(''))
      // A body cannot hold its own delimiter, nor begin with it: senders choose another boundary then.
      .filter((text) => !`\r\n${text}\r\n--`.includes(DELIMITER));
    const parts = fc.array(
      fc.record({
        name: fc.constantFrom('a', '__proto__', 'ü[0]'),
        fileName: fc.option(fc.constantFrom('f.docx', '')),
        content,
      }),
      {
        maxLength: 5,
      },
    );

    it('says the same of it', () => {
      fc.assert(
        fc.property(parts, fc.array(fc.nat(), { maxLength: 30 }), (specs, cuts) => {
          const body = form(
            ...specs.map(({ name, fileName, content: text }) =>
              part(
                `Content-Disposition: form-data; name="${name}"${fileName === null ? '' : `; filename="${fileName}"`}`,
                text,
              ),
            ),
          );
          const expected = {
            told: specs.map(({ name, fileName, content: data }) =>
              fileName === null
                ? { field: name, value: data }
                : { file: name, fileName, contentType: null, data, ended: true },
            ),
            error: null,
          };
          const limits = { maxFiles: 5 };
          expect(parse(CONTENT_TYPE, [body], limits)).toEqual(expected);
          expect(parse(CONTENT_TYPE, cutAt(body, cuts), limits)).toEqual(expected);
          expect(parse(CONTENT_TYPE, everyByte(body), limits)).toEqual(expected);
        }),
        { numRuns: 400 },
      );
    });

    it('says the same of a broken one, the error too', () => {
      const broken = fc
        .array(
          fc.constantFrom(
            '\r\n',
            '\r',
            '\n',
            '--',
            '-',
            ' ',
            'x',
            '\0',
            BOUNDARY,
            DELIMITER,
            `--${BOUNDARY}\r\n`,
            `${DELIMITER}--`,

            'Content-Disposition: form-data; name="a"',
            '; filename="b"',
            'Content-Type: text/plain',
            '\r\n\r\n',
            field('a').toString(),
            file('b').toString(),
            'y'.repeat(1100),
          ),
          { maxLength: 14 },
        )
        .map((pieces) => Buffer.from(pieces.join('')));
      fc.assert(
        fc.property(broken, fc.array(fc.nat(), { maxLength: 30 }), (body, cuts) => {
          const whole = parse(CONTENT_TYPE, [body], { maxHeaderBytes: 600, maxFieldBytes: 1000 });
          expect(
            parse(CONTENT_TYPE, cutAt(body, cuts), { maxHeaderBytes: 600, maxFieldBytes: 1000 }),
          ).toEqual(whole);
          expect(parse(CONTENT_TYPE, everyByte(body), { maxHeaderBytes: 600, maxFieldBytes: 1000 })).toEqual(
            whole,
          );
        }),
        { numRuns: 1500 },
      );
    });

    it('finds a boundary at every position of a chunk', () => {
      const body = form(file('a.docx', 'c'.repeat(50)), field('t', 'v'));
      const whole = parse(CONTENT_TYPE, [body]);
      expect(whole.error).toBeNull();
      for (let i = 0; i <= body.length; i++) expect(parse(CONTENT_TYPE, cutAt(body, [i]))).toEqual(whole);
    });
  });

  it('reads back any bytes that a file may hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 200 }), (bytes, step) => {
        const content = Buffer.from(bytes);
        const body = form(file('a', content));
        const cuts = Array.from({ length: Math.floor(body.length / step) }, (_, i) => (i + 1) * step);
        expect(parse(CONTENT_TYPE, cutAt(body, cuts)).told).toEqual([
          { file: 'file', fileName: 'a', contentType: null, data: content.toString('latin1'), ended: true },
        ]);
      }),
    );
  });
});

describe('U09 hostile multipart bodies', () => {
  const open = form(file('a.docx', 'content'));
  const without = (tail: number) => open.subarray(0, open.length - tail);
  const raw = (text: string) => Buffer.from(text, 'latin1');
  const many = (count: number, make: (i: number) => Buffer) =>
    form(...Array.from({ length: count }, (_, i) => make(i)));

  it.each<[string, Buffer]>([
    ['nothing at all', Buffer.alloc(0)],
    ['no boundary in it', raw('just text')],
    ['the closing boundary missing', without(DELIMITER.length + 4)],
    ['the closing boundary without its dashes', without(4)],
    ['one dash missing', without(3)],
    ['an end within the content', without(DELIMITER.length + 8)],
    ['an end within the headers', raw(`--${BOUNDARY}\r\nContent-Dispos`)],
    ['an end right after a boundary', raw(`--${BOUNDARY}\r\n`)],
    ['half a line end after the closing boundary', without(1)],
    [
      'a boundary that goes on',
      raw(`--${BOUNDARY}X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--${BOUNDARY}--`),
    ],
    ['a boundary that goes on, in the content', form(field('a', `x${DELIMITER}X`))],
    ['text after the closing boundary', raw(`--${BOUNDARY}--X`)],
    ['three dashes', raw(`--${BOUNDARY}---`)],
    ['one dash after a boundary', raw(`--${BOUNDARY}-\r\n`)],
    ['dashes after padding', raw(`--${BOUNDARY} --\r\n`)],
    [
      'LF after a boundary',
      raw(`--${BOUNDARY}\nContent-Disposition: form-data; name="a"\n\n1\n--${BOUNDARY}--`),
    ],
    ['CR CR LF after a boundary', raw(`--${BOUNDARY}\r\r\n`)],
    ['endless padding', raw(`--${BOUNDARY}${' '.repeat(100_000)}\r\n`)],
    [
      'lines of headers that end with LF',
      raw(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\n\n1\r\n--${BOUNDARY}--`),
    ],
    [
      'lines of headers that end with CR',
      raw(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\r1\r\n--${BOUNDARY}--`),
    ],
    ['a preamble without end', Buffer.alloc(1 << 20, 'p')],
    ['an epilogue without end', Buffer.concat([form(field('a')), Buffer.alloc(1 << 20, 'e')])],
    ['a second form as epilogue', Buffer.concat([form(field('a')), form(file('b', Buffer.alloc(2000)))])],
    ['a part without headers', form(raw(`--${BOUNDARY}\r\n\r\nx\r\n`))],
    ['a field in Latin-1', form(field('a', raw('\xe4')))],
    ['a field cut within a character', form(field('a', raw('\xe2\x82')))],
    ['an encoded surrogate in a field', form(field('a', raw('\xed\xa0\xbd')))],
    ['NUL in a name', form(field('a\0b'))],
  ])('U09 refuses %s as malformed', (_what, body) => {
    const whole = parse(CONTENT_TYPE, [body]);
    expect(whole.error?.code).toBe('MALFORMED_BODY');
    if (body.length < 5000) expect(parse(CONTENT_TYPE, everyByte(body))).toEqual(whole);
  });

  it.each<[string, Buffer]>([
    ['1000 parts', many(1000, (i) => field(`f${i}`))],
    ['1000 files', many(1000, () => file('a'))],
    ['two files', form(file('a'), file('b'))],
    ['5000 fields a[b][c]…', many(5000, (i) => field(`a${'[b]'.repeat(i % 50)}`))],
    ['5000 fields a[i]', many(5000, (i) => field(`a[${999_999_999 - i}]`))],
    ['an empty name', form(field(''))],
    ['an empty name of a file', form(part('Content-Disposition: form-data; name=""; filename="a"'))],
    ['a field of 1 MB', form(field('title', 'x'.repeat(1 << 20)))],
    ['many long fields', many(20, (i) => field(`f${i}`, 'x'.repeat(60_000)))],
    ['many long names', many(200, (i) => field(`${i}`.padEnd(7000, 'n'), ''))],
    ['a header of 1 MB', form(part(`Content-Disposition: form-data; name="a"; x="${'y'.repeat(1 << 20)}"`))],
    [
      '1 MB of headers',
      form(part(`Content-Disposition: form-data; name="a"\r\n${'X-Y: z\r\n'.repeat(1 << 17)}X: y`)),
    ],
  ])('U09 refuses %s as too much', (_what, body) => {
    const { error, told } = parse(CONTENT_TYPE, [body]);
    expect(error?.code).toBe('VALIDATION_FAILED');
    expect(told.length).toBeLessThan(256);
  });

  it('U09 names the field that is too long', () => {
    const parser = new MultipartParser(CONTENT_TYPE, {
      onField: () => {},
      onFile: () => {},
      onFileData: () => {},
      onFileEnd: () => {},
    });
    expect(() => parser.write(form(field('title', 'x'.repeat(1 << 20))))).toThrow(
      expect.objectContaining({ errors: [{ pointer: 'title', detail: expect.stringContaining('65536') }] }),
    );
  });

  it('U09 refuses a large header before the rest of it is sent, whatever the chunks', () => {
    const parser = new MultipartParser(CONTENT_TYPE, {
      onField: () => {},
      onFile: () => {},
      onFileData: () => {},
      onFileEnd: () => {},
    });
    parser.write(Buffer.from(`--${BOUNDARY}\r\nX: `));
    let sent = 3;
    const feed = () => {
      for (; sent < 1 << 20; sent++) parser.write(Buffer.from('y'));
    };
    expect(feed).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
    expect(sent).toBe(8 * 1024 - 1);
  });

  it('U09 announces no end of a file whose closing boundary is missing', () => {
    expect(parse(CONTENT_TYPE, [without(4)]).told).toEqual([
      { file: 'file', fileName: 'a.docx', contentType: null, data: 'content', ended: false },
    ]);
  });

  it('U09 reads names made for other parsers as plain strings', () => {
    const names = [
      '__proto__',
      'constructor.prototype',
      '__proto__[polluted]',
      'a[b][c]',
      'a[999999999]',
      'toString',
    ];
    const { told } = parse(CONTENT_TYPE, [form(...names.map((name) => field(name, 'polluted')))]);
    expect(told).toEqual(names.map((name) => ({ field: name, value: 'polluted' })));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

import { CONTENT_TYPE, everyByte, parse } from './testing/record';

describe('forms as clients write them', () => {
  it('reads what fetch sends', async () => {
    const form = new FormData();
    form.append('title', 'Zeile 1\r\nZeile 2 – 日本語 😀');
    form.append('tags', 'a');
    form.append('tags', 'b');
    form.append('__proto__', '{"polluted":1}');
    form.append('quote"\n%', '');
    form.append(
      'file',
      new File([Buffer.from([0, 255, 13, 10, 45, 45, 128])], 'Bericht "Q3" 日本.docx', {
        type: 'application/x-test',
      }),
    );
    const request = new Response(form);

    const body = Buffer.from(await request.clone().arrayBuffer());
    const { told, error } = parse(request.headers.get('content-type')!, [body]);

    expect(error).toBeNull();
    expect(told).toEqual([
      { field: 'title', value: 'Zeile 1\r\nZeile 2 – 日本語 😀' },
      { field: 'tags', value: 'a' },
      { field: 'tags', value: 'b' },
      { field: '__proto__', value: '{"polluted":1}' },
      // The form's own rules turn a line end in a name into CR LF.
      { field: 'quote"\r\n%', value: '' },
      {
        file: 'file',
        fileName: 'Bericht "Q3" 日本.docx',
        contentType: 'application/x-test',
        data: '\x00\xff\r\n--\x80',
        ended: true,
      },
    ]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('reads an empty form of fetch', async () => {
    const request = new Response(new FormData());
    const body = Buffer.from(await request.clone().arrayBuffer());
    expect(parse(request.headers.get('content-type')!, [body])).toEqual({ told: [], error: null });
  });

  // Recorded from curl 7.88.1: curl -F 'title=Täst "x"' -F 'file=@…;type=application/x-test' -F 'na"me=v'
  it('reads what curl sends', () => {
    const b = '--------------------------f05f69f43a89d01a';
    const body = Buffer.from(
      `${b}\r\nContent-Disposition: form-data; name="title"\r\n\r\nTäst "x"\r\n` +
        `${b}\r\nContent-Disposition: form-data; name="file"; filename="a %22q%22 ;ü.docx"\r\n` +
        `Content-Type: application/x-test\r\n\r\nbytes\r\n--\r\n\r\n` +
        `${b}\r\nContent-Disposition: form-data; name="na%22me"\r\n\r\nv\r\n${b}--\r\n`,
    );
    expect(parse('multipart/form-data; boundary=------------------------f05f69f43a89d01a', [body])).toEqual({
      told: [
        { field: 'title', value: 'Täst "x"' },
        {
          file: 'file',
          fileName: 'a "q" ;ü.docx',
          contentType: 'application/x-test',
          data: 'bytes\r\n--\r\n',
          ended: true,
        },
        { field: 'na"me', value: 'v' },
      ],
      error: null,
    });
  });

  // As in dotnet/runtime issue 121484: type before disposition, tokens unquoted, both kinds of file name.
  it('reads what the HttpClient of .NET sends', () => {
    const body = Buffer.from(
      '--4a424cac-7519-4ce0-b0b8-cb117505a4c3\r\nContent-Type: text/plain; charset=utf-8\r\n' +
        'Content-Disposition: form-data; name=name; filename="=?utf-8?B?c3BlY2lhbOKCrGZpbGVuYW1l?="; ' +
        "filename*=utf-8''special%E2%82%ACfilename\r\n\r\nMyFileContent\r\n--4a424cac-7519-4ce0-b0b8-cb117505a4c3--\r\n",
    );
    const contentType = 'multipart/form-data; boundary="4a424cac-7519-4ce0-b0b8-cb117505a4c3"';
    expect(parse(contentType, [body]).told).toEqual([
      {
        file: 'name',
        fileName: 'special€filename',
        contentType: 'text/plain; charset=utf-8',
        data: 'MyFileContent',
        ended: true,
      },
    ]);
  });

  const headers = 'Content-Disposition: form-data; name="a"';
  it.each([
    ['no line end after the last boundary', `--xXboundaryXx\r\n${headers}\r\n\r\n1\r\n--xXboundaryXx--`],
    [
      'an empty line before the first boundary',
      `\r\n--xXboundaryXx\r\n${headers}\r\n\r\n1\r\n--xXboundaryXx--\r\n`,
    ],
    [
      'blanks after boundaries',
      `--xXboundaryXx \t \r\n${headers}\r\n\r\n1\r\n--xXboundaryXx \r\n${headers}\r\n\r\n1\r\n--xXboundaryXx-- \t\r\n`,
    ],
    [
      'a preamble and an epilogue',
      `This is MIME.\r\n--xXboundaryXx\r\n${headers}\r\n\r\n1\r\n--xXboundaryXx--\r\nBye.\r\n`,
    ],
  ])('reads a form with %s', (_what, body) => {
    const { told, error } = parse(CONTENT_TYPE, [Buffer.from(body)]);
    expect(error).toBeNull();
    expect(told[0]).toEqual({ field: 'a', value: '1' });
    expect(parse(CONTENT_TYPE, everyByte(Buffer.from(body)))).toEqual({ told, error });
  });
});

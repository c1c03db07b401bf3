import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { ApiProblems } from '@waybill/platform/http';

const text = (description: string) => ({ description, schema: { type: 'string' as const } });

const HEADERS = {
  ETag: text('Strong; from the SHA-256 of the file.'),
  'Repr-Digest': text('SHA-256 of the whole file (RFC 9530).'),
  'Content-Disposition': text(
    'Always an attachment, with the name as `filename` and `filename*` (RFC 6266).',
  ),
  'Accept-Ranges': text('`bytes`'),
};

/** A file goes out under its own type, or as `application/octet-stream`. */
const ANY_TYPE = '*/*';

/** Documents a route that answers with the bytes of a file. */
export function ApiBytes(): MethodDecorator {
  return applyDecorators(
    ApiProduces(ANY_TYPE),
    ApiHeader({
      name: 'Range',
      required: false,
      description: 'A single range; several are answered as the whole.',
    }),
    ApiHeader({
      name: 'If-Range',
      required: false,
      description: 'The ETag under which the range still holds.',
    }),
    ApiHeader({ name: 'If-None-Match', required: false }),
    ApiResponse({
      status: 200,
      description: 'The whole file.',
      headers: HEADERS,
      content: { [ANY_TYPE]: { schema: { type: 'string', format: 'binary' } } },
    }),
    ApiResponse({
      status: 206,
      description: 'A range of it.',
      headers: { ...HEADERS, 'Content-Range': text('Which bytes these are.') },
      content: { [ANY_TYPE]: { schema: { type: 'string', format: 'binary' } } },
    }),
    ApiResponse({ status: 304, description: 'It is what `If-None-Match` names.' }),
    ApiProblems(
      'NOT_FOUND',
      'GONE',
      'PRECONDITION_FAILED',
      'RANGE_NOT_SATISFIABLE',
      'INTEGRITY_FAILURE',
      'KEY_UNAVAILABLE',
      'DEPENDENCY_UNAVAILABLE',
    ),
  );
}

import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader } from '@nestjs/swagger';
import type { ErrorCode } from '@waybill/core/kernel';
import { CHECKSUM_ALGORITHMS } from './upload-checksum';

const BYTES = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const VERSION = { type: 'string', enum: ['1.0.0'] };

const answered = {
  version: { 'Tus-Resumable': { description: 'The version of the protocol.', schema: VERSION } },
  offset: { 'Upload-Offset': { description: 'Bytes that are durable.', schema: BYTES } },
  expires: {
    'Upload-Expires': {
      description:
        'When the upload is given up if nothing is added to it (an HTTP date); absent when it is complete.',
      schema: { type: 'string' },
    },
  },
};

/** The answers of the tus door: headers, and no body. */
export const ANSWERS = {
  capabilities: {
    status: 204,
    description: 'What there is.',
    headers: {
      'Tus-Version': { description: 'Versions of the protocol.', schema: VERSION },
      'Tus-Extension': { description: 'Extensions, separated by commas.', schema: { type: 'string' } },
      'Tus-Max-Size': { description: 'The largest upload, in bytes.', schema: BYTES },
      'Tus-Checksum-Algorithm': {
        description: 'What `Upload-Checksum` may name.',
        schema: { type: 'string' },
      },
    },
  },
  created: {
    status: 201,
    description: 'It was created.',
    headers: {
      ...answered.version,
      ...answered.expires,
      Location: { description: 'Its address; it ends with the `uploadId`.', schema: { type: 'string' } },
      'Upload-Offset': { description: 'Bytes that came along and are durable.', schema: BYTES },
    },
  },
  offset: {
    status: 200,
    description: 'How far it is.',
    headers: {
      ...answered.version,
      ...answered.offset,
      ...answered.expires,
      'Upload-Length': { description: 'Bytes of the whole; absent while deferred.', schema: BYTES },
      'Upload-Defer-Length': {
        description: '`1` while the length is not known.',
        schema: { type: 'string', enum: ['1'] },
      },
      'Upload-Metadata': { description: 'As it was given.', schema: { type: 'string' } },
    },
  },
  appended: {
    status: 204,
    description: 'The bytes are durable.',
    headers: { ...answered.version, ...answered.offset, ...answered.expires },
  },
  terminated: { status: 204, description: 'It is cancelled.', headers: answered.version },
};

/** How a request with bytes can be refused. */
export const WITH_OFFSET_BODY: ErrorCode[] = [
  'VALIDATION_FAILED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'OFFSET_MISMATCH',
  'GONE',
  'PRECONDITION_FAILED',
  'FILE_TOO_LARGE',
  'QUOTA_EXCEEDED',
  'UNSUPPORTED_FILE_TYPE',
  'CONTENT_MISMATCH',
  'UPLOAD_LOCKED',
  'CHECKSUM_MISMATCH',
  'STORAGE_FULL',
];

export const TusResumable = (): MethodDecorator =>
  ApiHeader({
    name: 'Tus-Resumable',
    required: true,
    description: 'The version of the protocol that the client speaks.',
    schema: VERSION,
  });

const Checksum = (): MethodDecorator =>
  ApiHeader({
    name: 'Upload-Checksum',
    required: false,
    description: `Of the bytes of this request: ${CHECKSUM_ALGORITHMS.join(' or ')}, a space, and the digest in Base64.`,
    schema: { type: 'string' },
  });

const Length = (description: string): MethodDecorator =>
  ApiHeader({ name: 'Upload-Length', required: false, description, schema: BYTES });

export const CreationHeaders = (): MethodDecorator =>
  applyDecorators(
    TusResumable(),
    Checksum(),
    Length('Bytes of the whole file. This, or `Upload-Defer-Length`.'),
    ApiHeader({
      name: 'Upload-Defer-Length',
      required: false,
      description: '`1`: the length will be said with a later PATCH.',
      schema: { type: 'string', enum: ['1'] },
    }),
    ApiHeader({
      name: 'Upload-Metadata',
      required: true,
      description: 'Pairs of a key, a space and a value in Base64 (of UTF-8), separated by commas.',
      schema: { type: 'string' },
    }),
  );

export const PatchHeaders = ({ overridden = false } = {}): MethodDecorator =>
  applyDecorators(
    TusResumable(),
    Checksum(),
    Length('Bytes of the whole file, said once where that was deferred.'),
    ApiHeader({
      name: 'Upload-Offset',
      required: true,
      description: 'Where the bytes go: the upload’s offset as it is now.',
      schema: BYTES,
    }),
    ...(overridden
      ? [
          ApiHeader({
            name: 'X-HTTP-Method-Override',
            required: true,
            description: 'What is meant.',
            schema: { type: 'string', enum: ['PATCH'] },
          }),
        ]
      : []),
  );

export const OffsetBody = ({ required }: { required: boolean }): MethodDecorator =>
  applyDecorators(
    ApiConsumes('application/offset+octet-stream'),
    ApiBody({ required, schema: { type: 'string', format: 'binary' } }),
  );

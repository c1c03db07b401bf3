import { ApiProperty } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '@waybill/core/kernel';

/** One wrong field. */
export class ProblemField {
  @ApiProperty({
    description: 'JSON Pointer (RFC 6901) into the body, or the name of a parameter, part or header.',
    example: '/email',
  })
  pointer: string;

  @ApiProperty({ example: 'must be an email' })
  detail: string;
}

/** Why a request was refused (RFC 9457). `code` is for programs and stable; `detail` is for people. */
export class Problem {
  @ApiProperty({ format: 'uri', description: 'The page that explains the code.' })
  type: string;

  @ApiProperty({ description: 'The same for every occurrence of the code.' })
  title: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 })
  status: number;

  @ApiProperty()
  detail: string;

  @ApiProperty({ format: 'uri-reference', description: 'The path of the request, tokens masked.' })
  instance: string;

  @ApiProperty({ enum: ERROR_CODES, enumName: 'ErrorCode' })
  code: ErrorCode;

  @ApiProperty({ description: 'The same as in X-Request-Id; name it when you report a problem.' })
  requestId: string;

  @ApiProperty({ type: [ProblemField], required: false })
  errors?: ProblemField[];
}

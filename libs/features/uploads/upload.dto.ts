import { ApiProperty } from '@nestjs/swagger';

/** The answer to an upload that was taken whole. */
export class UploadReceiptDto {
  @ApiProperty({ example: true })
  success: true;

  @ApiProperty({ example: 'The file was received and is being encrypted.' })
  message: string;

  @ApiProperty({ format: 'uuid' })
  uploadId: string;

  @ApiProperty({ format: 'uuid' })
  fileId: string;

  @ApiProperty({ example: 'offer.docx' })
  fileName: string;

  @ApiProperty({ type: String, nullable: true, enum: ['video', 'photo', 'camera', null], example: null })
  fileType: string | null;

  @ApiProperty({ description: 'Bytes.', example: 48_213 })
  fileSize: number;

  @ApiProperty({
    format: 'uri',
    description: 'Where the owner gets the bytes, once the status is `completed`.',
  })
  fileUrl: string;

  @ApiProperty({ enum: ['received', 'encrypting', 'completed'], example: 'received' })
  status: string;
}

/** The answer to a cancelled upload. */
export class UploadCancelledDto {
  @ApiProperty({ example: true })
  success: true;

  @ApiProperty({ format: 'uuid' })
  uploadId: string;

  @ApiProperty({ enum: ['cancelled'] })
  status: 'cancelled';
}

/** The answer to a sealing that is taken up again. */
export class UploadRetriedDto {
  @ApiProperty({ example: true })
  success: true;

  @ApiProperty({ format: 'uuid' })
  uploadId: string;

  @ApiProperty({ enum: ['received'] })
  status: 'received';
}

/** How an upload is getting on. Null is "not known". */
export class UploadProgressDto {
  @ApiProperty({ format: 'uuid' })
  uploadId: string;

  @ApiProperty({ format: 'uuid' })
  fileId: string;

  @ApiProperty({ example: 'offer.docx' })
  fileName: string;

  @ApiProperty({ enum: ['uploading', 'received', 'encrypting', 'completed', 'cancelled', 'failed'] })
  status: string;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Why it failed.' })
  failureCode: string | null;

  @ApiProperty({ description: 'Bytes that have arrived; after the last of them, all.', example: 33_554_432 })
  bytesUploaded: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Bytes in all; of a form that runs, an estimate from its length.',
    example: 67_108_864,
  })
  totalBytes: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: '0-100, of the bytes; 100 when all were received.',
    example: 50,
  })
  percentComplete: number | null;

  @ApiProperty({ type: Number, nullable: true, description: '0-100, of the current status.', example: 50 })
  phasePercent: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Bytes a second: of the last five seconds, or of the whole transfer once it is over.',
    example: 16_777_216,
  })
  speed: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Seconds until all bytes are there.',
    example: 2,
  })
  remainingTime: number | null;

  @ApiProperty({ format: 'date-time' })
  startTime: string;

  @ApiProperty({ format: 'date-time' })
  lastUpdateTime: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  completedTime: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  cancelledTime: string | null;
}

/**
 * The form of a document upload; fields may stand before or after the file. A form knows only text, and what is left
 * empty is as good as absent: that is what the empty examples show, and what Swagger UI then sends.
 */
export class DocumentUploadForm {
  @ApiProperty({ type: 'string', format: 'binary', description: 'The document.' })
  file: unknown;

  @ApiProperty({ required: false, maxLength: 200, example: 'Offer for the spring campaign' })
  title?: string;

  @ApiProperty({ required: false, maxLength: 4000, example: '' })
  description?: string;

  @ApiProperty({
    required: false,
    description: 'A comma list, or the field repeated.',
    example: 'offer,spring',
  })
  tags?: string;

  @ApiProperty({
    required: false,
    enum: ['', 'clients', 'restricted', 'private'],
    description:
      'Who else may have it. By default every client, or the recipients alone where some are named.',
    example: '',
  })
  visibility?: string;

  @ApiProperty({
    required: false,
    description:
      'E-mail addresses of the clients a restricted file is for: a comma list, or the field repeated; at most 100. One without an account waits for the client who verifies it.',
    example: '',
  })
  recipients?: string;

  @ApiProperty({ required: false, description: 'When it stops being available, in RFC 3339.', example: '' })
  expiresAt?: string;

  @ApiProperty({
    required: false,
    pattern: '^[0-9]*$',
    description: 'The same, in seconds from now. Not together with `expiresAt`.',
    example: '',
  })
  expiresInSeconds?: string;

  @ApiProperty({
    required: false,
    pattern: '^[0-9]*$',
    description: 'How often it may be downloaded.',
    example: '',
  })
  maxDownloads?: string;
}

/** The form of a photo or a video: that of a document, and what it is and where it was sent. */
export class MediaUploadForm extends DocumentUploadForm {
  @ApiProperty({ type: 'string', format: 'binary', description: 'The photo or the video.' })
  declare file: unknown;

  @ApiProperty({ enum: ['video', 'photo', 'camera'], example: 'photo' })
  fileType: string;

  @ApiProperty({
    required: false,
    maxLength: 200,
    description: 'The chat that it was sent in, by a name of your own.',
    example: 'chat-42',
  })
  chatId?: string;

  @ApiProperty({
    required: false,
    maxLength: 200,
    description: 'The group that it was sent to, by a name of your own.',
    example: '',
  })
  groupId?: string;
}

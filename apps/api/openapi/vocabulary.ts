const FILE_ID = '0199a4c2-7d10-7c3e-9b41-52f0c8a6e13d';
const ADA_ID = '0199a4b3-52e4-7f09-8d17-2a6b4c90e8f1';
const KEY_ID = '0199a4b9-60fa-7c25-9e83-d7104b2f6a5c';
const SHARE_ID = '0199a4d6-90b3-7e41-a5c8-3f7d12e6b094';
const SHARE_TOKEN = 'Jq3xZ0k2m7Yw1pR5tV9sB4nC8dF6gH2jL0aE3iO7uXc';
const KEY_NAME = 'nightly import';

/**
 * One hand-over, which the examples of all operations tell: Grace of ops hands an offer to Ada. By the names of
 * properties, where need be of one schema; what a property says of itself comes first.
 */
export const VOCABULARY: Record<string, unknown> = {
  id: FILE_ID,
  fileId: FILE_ID,
  uploadId: '0199a4c2-7d0f-7a52-8e06-b1c94d27f380',
  name: 'offer.docx',
  fileName: 'offer.docx',
  extension: 'docx',
  mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  category: 'document',
  title: 'Offer for the spring campaign',
  description: 'Valid until the end of the month.',
  tags: ['offer', 'spring'],
  size: 48_213,
  fileSize: 48_213,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  status: 'available',
  visibility: 'restricted',
  recipients: ['ada@example.com'],
  maxDownloads: 3,
  downloadCount: 1,
  fileUrl: `https://files.example.org/api/files/${FILE_ID}/content`,
  'DownloadLinkDto.downloadUrl':
    'https://files.example.org/api/download/eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..Zm9yIEFkYQ.c2VhbGVk.dGFn',

  fileIds: [FILE_ID],
  shareUrl: `https://files.example.org/s/${SHARE_TOKEN}`,
  directUrl: `https://files.example.org/api/share/${SHARE_TOKEN}`,
  passwordProtected: false,
  revokedAt: null,
  remainingDownloads: 2,
  ticket: 'AZ3kq0yq8nB5rT7vZ4cW9dL3fH6gK0sPaUeXiOyRtEJx2m1Q0',
  'ShareDto.id': SHARE_ID,
  'ShareDto.name': null,
  'CreatedShareDto.id': SHARE_ID,
  'CreatedShareDto.name': null,
  'CreatedShareDto.token': SHARE_TOKEN,
  'CreateBundleRequest.name': 'Spring campaign',
  'CreateBundleRequest.fileIds': [FILE_ID, '0199a4c3-0b7a-7d14-8a2e-6c0f5b91d3e7'],
  'ShareTicketDto.expiresIn': 3600,

  email: 'ada@example.com',
  password: 'correct horse battery staple',
  currentPassword: 'correct horse battery staple',
  newPassword: 'a quieter horse, another staple',
  fullName: 'Ada Lovelace',
  role: 'client',
  emailVerified: true,
  disabled: false,
  usedBytes: 1_258_291,
  accessToken: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJBZGEifQ.c2lnbmF0dXJl',
  refreshToken: 'Jx2m1Q0yq8nB5rT7vZ4cW9dL3fH6gK0sPaUeXiOyRtE',
  token: 'b3BlbiBzZXNhbWUgZm9yIG9uZSB0aW1lIG9ubHk',
  expiresIn: 900,

  'FileOwnerDto.id': '0199a4b0-11c2-7d8f-b3a6-6f2e90d47c15',
  'FileOwnerDto.fullName': 'Grace Hopper',
  'UserDto.id': ADA_ID,
  'SignupResultDto.id': ADA_ID,
  'SignupResultDto.emailVerified': false,
  'AdministeredUserDto.id': ADA_ID,
  'InvitationDto.id': '0199a4b8-3e07-7b61-a2d4-8c91f05be726',
  'ApiKeyDto.id': KEY_ID,
  'ApiKeyDto.name': KEY_NAME,
  'CreatedApiKeyDto.id': KEY_ID,
  'CreatedApiKeyDto.name': KEY_NAME,

  createdAt: '2026-11-20T09:30:00.000Z',
  occurredAt: '2026-11-20T09:31:12.000Z',
  updatedAt: '2026-11-20T09:30:04.000Z',
  startTime: '2026-11-20T09:30:00.000Z',
  lastUpdateTime: '2026-11-20T09:30:02.000Z',
  expiresAt: '2026-12-24T18:00:00.000Z',
};

/** What a page for people looks like; nobody reads it but a browser. */
export const PAGE = '<!doctype html><html lang="en"><head><title>Waybill</title></head><body>…</body></html>';

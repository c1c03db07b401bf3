/** What an address names; `token` is the secret of a mail or a link, which is itself the right to use it. */
export type Subject = 'file' | 'upload' | 'resumable' | 'apiKey' | 'webhook' | 'user' | 'share' | 'token';

/** Who may use a route at all: everybody, whoever is logged in, or a role (an admin may whatever ops may). */
export type Audience = 'everybody' | 'people' | 'ops' | 'admin';

export interface Access {
  audience: Audience;
  /** What `{…}` in the path names; whoever has no right to that very thing hears what a random id is answered. */
  subject?: Subject;
  /** A client to whom it is published may see it. */
  seen?: true;
  /** A client who may see it is told that he may not do this, rather than that there is nothing. */
  visibleTo?: 'clients';
  /** What is no token is answered like a wrong password, rather than as nothing. */
  disguised?: true;
  /** A sound body: what is refused is refused for who asks, not for what is said. */
  body?: object;
  /** Without which the request is refused for what it says. */
  headers?: Record<string, string>;
}

const TUS = { 'tus-resumable': '1.0.0' };
const TUS_PATCH = { ...TUS, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
const PASSWORD = 'correct horse battery staple';

/**
 * Who may use each route of the API. Every operation of openapi.json has its row here, and no row is without its
 * operation: whoever adds a route says whose it is.
 */
export const ACCESS: Record<string, Access> = {
  'GET /api/health/live': { audience: 'everybody' },
  'GET /api/health/ready': { audience: 'everybody' },
  'GET /api/metrics': { audience: 'everybody' }, // By a token of its own; see metrics.spec.ts.

  'POST /api/auth/signup': { audience: 'everybody' },
  'POST /api/auth/login': { audience: 'everybody' },
  'POST /api/auth/refresh': { audience: 'everybody' },
  'POST /api/auth/logout': { audience: 'everybody' },
  'GET /api/auth/me': { audience: 'people' },
  'GET /api/auth/me/preferences': { audience: 'people' },
  'PATCH /api/auth/me/preferences': { audience: 'people', body: { mails: { fileDownloaded: true } } },
  'GET /api/mails/unsubscribe/{token}': { audience: 'everybody', subject: 'token' },
  'POST /api/mails/unsubscribe/{token}': { audience: 'everybody', subject: 'token' },
  'POST /api/auth/confirm/resend': { audience: 'everybody' },
  'GET /api/auth/confirm/{token}': { audience: 'everybody', subject: 'token' },
  'POST /api/auth/confirm/{token}': { audience: 'everybody', subject: 'token' },
  'POST /api/auth/password/forgot': { audience: 'everybody' },
  'GET /api/auth/password/reset/{token}': { audience: 'everybody', subject: 'token' },
  'POST /api/auth/password/reset': { audience: 'everybody' },
  'POST /api/auth/password/change': {
    audience: 'people',
    body: { currentPassword: 'not the one', newPassword: PASSWORD },
  },

  'GET /api/users': { audience: 'admin' },
  'GET /api/users/{id}': { audience: 'admin', subject: 'user' },
  'PATCH /api/users/{id}': { audience: 'admin', subject: 'user', body: { disabled: true } },
  'DELETE /api/users/{id}': { audience: 'admin', subject: 'user' },

  'GET /api/audit': { audience: 'admin' },

  'GET /api/admin/queues': { audience: 'admin' },
  'POST /api/admin/queues': { audience: 'everybody' }, // An admin's password; for the form of the page alone.

  'GET /api/auth/api-keys': { audience: 'people' },
  'POST /api/auth/api-keys': { audience: 'people', body: { name: 'mine', scopes: ['files:read'] } },
  'DELETE /api/auth/api-keys/{id}': { audience: 'people', subject: 'apiKey' },

  'POST /api/auth/invitations': { audience: 'ops' },
  'GET /api/auth/invitations/{token}': { audience: 'everybody', subject: 'token' },
  'POST /api/auth/invitations/{token}/accept': {
    audience: 'everybody',
    subject: 'token',
    body: { password: PASSWORD },
  },

  'GET /api/events': { audience: 'people' },
  'GET /api/webhooks': { audience: 'ops' },
  'POST /api/webhooks': { audience: 'ops', body: { url: 'https://192.0.2.1/', events: ['*'] } },
  'GET /api/webhooks/{id}': { audience: 'ops', subject: 'webhook' },
  'PATCH /api/webhooks/{id}': { audience: 'ops', subject: 'webhook', body: { enabled: false } },
  'DELETE /api/webhooks/{id}': { audience: 'ops', subject: 'webhook' },
  'GET /api/webhooks/{id}/deliveries': { audience: 'ops', subject: 'webhook' },
  'POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver': { audience: 'ops', subject: 'webhook' },
  'POST /api/webhooks/{id}/test': { audience: 'ops', subject: 'webhook' },

  'GET /api/files': { audience: 'people' },
  'GET /api/files/search': { audience: 'people' },
  'GET /api/files/{id}': { audience: 'people', subject: 'file', seen: true },
  'PATCH /api/files/{id}': {
    audience: 'people',
    subject: 'file',
    visibleTo: 'clients',
    body: { visibility: 'clients' },
  },
  'DELETE /api/files/{id}': { audience: 'people', subject: 'file', visibleTo: 'clients' },
  // Its owner's alone; clients download by links.
  'GET /api/files/{id}/content': { audience: 'people', subject: 'file', visibleTo: 'clients' },
  'POST /api/files/{id}/download-link': { audience: 'people', subject: 'file', seen: true, body: {} },
  'GET /api/download/{token}': { audience: 'everybody', subject: 'token' },

  'POST /api/files/{id}/share': { audience: 'people', subject: 'file', visibleTo: 'clients', body: {} },
  'GET /api/files/{id}/shares': { audience: 'people', subject: 'file', visibleTo: 'clients' },
  'POST /api/shares': { audience: 'ops', body: { fileIds: ['0199a4c2-7d10-7c3e-9b41-52f0c8a6e13d'] } },
  'GET /api/shares/{id}': { audience: 'people', subject: 'share' },
  'PATCH /api/shares/{id}': {
    audience: 'people',
    subject: 'share',
    body: { maxDownloads: 1, password: null },
  },
  'DELETE /api/shares/{id}': { audience: 'people', subject: 'share' },
  'GET /api/share/{token}': { audience: 'everybody', subject: 'token' },
  'POST /api/share/{token}': { audience: 'everybody', subject: 'token', body: {} },
  'GET /api/share/{token}/info': { audience: 'everybody', subject: 'token' },
  'POST /api/share/{token}/unlock': {
    audience: 'everybody',
    subject: 'token',
    disguised: true,
    body: { password: PASSWORD },
  },
  'GET /s/{token}': { audience: 'everybody', subject: 'token' },

  'POST /api/upload': { audience: 'ops' },
  'GET /api/upload': { audience: 'ops' },
  'POST /api/upload/media': { audience: 'ops' },
  'GET /api/upload/progress/{uploadId}': { audience: 'ops', subject: 'upload' },
  'GET /api/upload/progress/{uploadId}/events': { audience: 'ops', subject: 'upload' },
  'POST /api/upload/cancel/{uploadId}': { audience: 'ops', subject: 'upload' },
  'POST /api/upload/retry/{uploadId}': { audience: 'ops', subject: 'upload' },

  'OPTIONS /api/upload/resumable': { audience: 'everybody' },
  'OPTIONS /api/upload/resumable/{uploadId}': { audience: 'everybody' },
  'POST /api/upload/resumable': { audience: 'ops', headers: TUS },
  'HEAD /api/upload/resumable/{uploadId}': { audience: 'ops', subject: 'resumable', headers: TUS },
  'PATCH /api/upload/resumable/{uploadId}': { audience: 'ops', subject: 'resumable', headers: TUS_PATCH },
  'POST /api/upload/resumable/{uploadId}': {
    audience: 'ops',
    subject: 'resumable',
    headers: { ...TUS_PATCH, 'x-http-method-override': 'PATCH' },
  },
  'DELETE /api/upload/resumable/{uploadId}': { audience: 'ops', subject: 'resumable', headers: TUS },
};

import { keyedHash } from '@waybill/core/crypto';

/** How secrets are shown (Standard Webhooks 1.0): a prefix, and their bytes in base64. */
export function writeSecret(secret: Uint8Array): string {
  return `whsec_${Buffer.from(secret).toString('base64')}`;
}

/** The headers by which a receiver knows who has sent a message, which one it is, and when (Standard Webhooks 1.0). */
export function signedHeaders(
  secret: Uint8Array,
  message: { id: string; body: string },
  now: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = keyedHash(secret, `${message.id}.${timestamp}.${message.body}`).toString('base64');
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

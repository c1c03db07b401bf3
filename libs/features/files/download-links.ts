import { Injectable } from '@nestjs/common';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { deriveKey, isCanonicalBase64url, randomToken } from '@waybill/core/crypto';
import { AppError, Clock, isUuid } from '@waybill/core/kernel';
import { AppConfig } from '@waybill/platform/config';

/** What a download link says, once it is opened. */
export interface DownloadGrant {
  fileId: string;
  /** On whose rights it stands: they are looked at again when it is used. */
  userId: string;
}

export interface DownloadLink {
  downloadUrl: string;
  expiresAt: Date;
}

/** Lifetimes of a link in seconds. */
export const LINK_DEFAULT_SECONDS = 600;
export const LINK_MAX_SECONDS = 24 * 60 * 60;

const ALGORITHM = 'dir';
const ENCRYPTION = 'A256GCM';

/**
 * Download links: encrypted tokens (JWE, RFC 7516: `dir`, A256GCM) under a key of their own. They name the file, the
 * user and the time; nothing of that can be read, changed or combined without the key, and no other token of Waybill
 * fits in here.
 */
@Injectable()
export class DownloadLinks {
  readonly #key: Buffer;
  readonly #address: string;

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.#key = deriveKey(config.secrets.link, 'download-link');
    this.#address = `${config.http.publicUrl}/api/download/`;
  }

  async issue({ fileId, userId }: DownloadGrant, seconds = LINK_DEFAULT_SECONDS): Promise<DownloadLink> {
    const expiry = Math.floor(this.clock.now().getTime() / 1000) + seconds;
    const token = await new EncryptJWT({ file: fileId, user: userId })
      .setProtectedHeader({ alg: ALGORITHM, enc: ENCRYPTION })
      .setExpirationTime(expiry)
      .setJti(randomToken(16))
      .encrypt(this.#key);
    return { downloadUrl: this.#address + token, expiresAt: new Date(expiry * 1000) };
  }

  /**
   * Reads a token.
   *
   * @throws AppError `GONE` when its time is over; `NOT_FOUND` when it is none of ours, in whatever way.
   */
  async open(token: string): Promise<DownloadGrant> {
    if (!isCanonicalToken(token)) throw AppError.notFound();
    try {
      const { payload } = await jwtDecrypt(token, this.#key, {
        keyManagementAlgorithms: [ALGORITHM],
        contentEncryptionAlgorithms: [ENCRYPTION],
        requiredClaims: ['exp', 'jti'],
        currentDate: this.clock.now(),
      });
      const { file, user } = payload;
      if (!isUuid(file) || !isUuid(user)) throw AppError.notFound();
      return { fileId: file, userId: user };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new AppError('GONE', 'The link has expired.');
      if (error instanceof errors.JOSEError) throw AppError.notFound();
      throw error;
    }
  }
}

/**
 * Whether this is a token as we write them: five parts, the key's empty, the others canonical. Decoders forgive padding
 * and stray bits, and then many strings would be one link.
 */
function isCanonicalToken(token: string): boolean {
  const [header, key, ...rest] = token.split('.');
  return key === '' && rest.length === 3 && [header, ...rest].every((part) => isCanonicalBase64url(part));
}

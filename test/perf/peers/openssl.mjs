import { run } from '../../../scripts/lib/child.mjs';

/** As large as `openssl speed` takes them by default: larger blocks change its numbers by less than its noise. */
const BLOCK_BYTES = 16 * 1024;
const SECONDS = 1;

/**
 * How fast OpenSSL itself decrypts, hashes and encrypts on one core, now.
 * @returns {Promise<{ decryptMiB: number, sha256MiB: number, encryptMiB: number, serialMiB: number } | null>}
 *   MiB/s; serial: all three one after the other, which one thread cannot beat. null when there is no openssl here
 */
export async function measureOpenssl() {
  const decrypt = await speed('-evp', 'aes-256-gcm', '-decrypt');
  if (decrypt === null) return null;
  const sha256 = Number(await speed('-evp', 'sha256'));
  const encrypt = Number(await speed('-evp', 'aes-256-gcm'));
  return {
    decryptMiB: decrypt,
    sha256MiB: sha256,
    encryptMiB: encrypt,
    serialMiB: 1 / (1 / decrypt + 1 / sha256 + 1 / encrypt),
  };
}

/** @param {string[]} what @returns {Promise<number | null>} MiB/s */
async function speed(...what) {
  const args = [
    'speed',
    '-mr',
    '-elapsed',
    '-seconds',
    String(SECONDS),
    '-bytes',
    String(BLOCK_BYTES),
    ...what,
  ];
  try {
    const { code, output } = await run('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const found = /^\+F:\d+:[^:]+:([\d.]+)$/m.exec(output);
    if (code !== 0 || !found) throw new Error(`openssl ${args.join(' ')} said: ${output}`);
    return Number(found[1]) / 1024 / 1024;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null;
    throw error;
  }
}

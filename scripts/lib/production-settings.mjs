import { chownSync, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { writeFileAtomic } from './files.mjs';
import { Refusal } from './say.mjs';
import { ensureKeyring, randomText } from './secrets.mjs';

/** Whom the image of docker/Dockerfile runs as. */
const IMAGE_USER = 1000;

/** What nobody can make up for an operator. */
const TO_FILL_IN = [
  ['PUBLIC_URL', 'what links in mails begin with, as https://files.example.org'],
  ['SMTP_URL', 'smtps://user:password@host'],
  ['MAIL_FROM', 'the sender of mails, as Files <files@example.org>'],
  ['SIGNUP_POLICY', 'who may come in: invite, domains:example.org, or open'],
];

/**
 * Writes settings for production, and a keyring where there is none.
 * @param {{ output: string, keyring: string, force: boolean }} options
 * @returns {string} what the operator has to know now; no secret is in it
 */
export function writeProductionSettings({ output, keyring, force }) {
  const path = resolve(output);
  if (!force && existsSync(path))
    throw new Refusal(
      `${path} exists, and is not overwritten. --force replaces it; its secrets are lost then.`,
    );
  const keyringFile = makeKeyring(resolve(keyring));
  writeSettings(path, settings(keyringFile), force);
  return report(path, keyringFile);
}

/** @param {string} folder */
function makeKeyring(folder) {
  const path = ensureKeyring(folder);
  // Root can give it to the user that the containers run as; anybody else is told about it.
  if (process.getuid?.() === 0)
    for (const each of [dirname(path), path]) chownSync(each, IMAGE_USER, IMAGE_USER);
  return path;
}

/** @param {string} path @param {string} text @param {boolean} force */
function writeSettings(path, text, force) {
  try {
    writeFileAtomic(path, text, { exclusive: !force });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    throw new Refusal(`${path} exists, and is not overwritten.`, { cause: error });
  }
}

/** @param {string} keyringFile */
function settings(keyringFile) {
  const postgres = randomText(24);
  const redis = randomText(24);
  return `# Settings for production. Every setting is explained in .env.example; keep this file out of backups of the data.
NODE_ENV=production

# Fill these in: the start refuses without them.
${TO_FILL_IN.map(([name, meaning]) => `# ${meaning}\n${name}=\n`).join('')}
# Where things are. docker-compose.yml says this itself.
HOST=127.0.0.1
DATA_DIR=/var/lib/waybill
KEYRING_FILE=${keyringFile}
DATABASE_URL=postgres://waybill:${postgres}@localhost:5432/waybill
REDIS_URL=redis://:${redis}@localhost:6379
# How many proxies stand in front: the address of a client is taken from the last of them.
TRUST_PROXY=1

# Secrets: random, each for one purpose.
JWT_SECRET=${randomText(48)}
LINK_SECRET=${randomText(48)}
METRICS_TOKEN=${randomText(32)}

# What docker-compose.yml gives its PostgreSQL and Redis.
POSTGRES_PASSWORD=${postgres}
REDIS_PASSWORD=${redis}
`;
}

/** @param {string} path @param {string} keyringFile */
function report(path, keyringFile) {
  const owner = statSync(keyringFile).uid;
  const handOver =
    owner === IMAGE_USER
      ? ''
      : `\nContainers run as user ${IMAGE_USER}; let them read it: sudo chown -R ${IMAGE_USER}:${IMAGE_USER} ${dirname(keyringFile)}\n`;
  return `Settings: ${path}
Keyring:  ${keyringFile}

Keep a copy of the keyring apart from all other backups: without it no stored file can be read.
${handOver}
Fill in before the first start:
${TO_FILL_IN.map(([name, meaning]) => `  ${name.padEnd(14)} ${meaning}`).join('\n')}
`;
}

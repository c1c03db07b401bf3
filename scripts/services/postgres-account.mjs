import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Refusal } from '../lib/say.mjs';

/**
 * PostgreSQL refuses to run as root. An account is a way to run its programs that it accepts.
 * @typedef {{ owner: number, group: number, wrap(command: string, args: string[]): { command: string, args: string[], uid?: number, gid?: number } }} Account
 *   owner, group: who must own the data directory, as seen from here
 */

/** @returns {number} */
const ownUid = () => process.getuid?.() ?? 0;
const ownGid = () => process.getgid?.() ?? 0;

/**
 * @param {{ binary: string, dataDir: string }} paths what the programs must reach
 * @returns {Account}
 */
export function choosePostgresAccount({ binary, dataDir }) {
  if (ownUid() !== 0) return asOneself();
  if (mayUseUserNamespace()) return inUserNamespace();
  // Containers forbid namespaces by default. Another account can do it, if it can reach the files.
  const other = unprivilegedAccount();
  const hidden = [dirname(binary), dirname(dataDir)].find((folder) => !reachableByOthers(folder));
  if (!hidden) {
    chmodSync(dataDir, 0o711); // to pass through; everything inside has a mode of its own
    return asOther(other);
  }
  if (mayLendFileAccess(other)) return asOtherWithFileAccess(other);
  throw new Refusal(
    `PostgreSQL does not run as root, and the account ${other.name} cannot reach ${hidden}. ` +
      'Start as an ordinary user, choose a folder that others may enter with DATA_DIR, or set DATABASE_URL.',
  );
}

/** @returns {Account} */
function asOneself() {
  return { owner: ownUid(), group: ownGid(), wrap: (command, args) => ({ command, args }) };
}

const NAMESPACE = ['--user', '--map-user=1000', '--map-group=1000'];

/** Root outside, uid 1000 inside: the files stay root's, and PostgreSQL sees an ordinary user. @returns {Account} */
function inUserNamespace() {
  return {
    owner: ownUid(),
    group: ownGid(),
    wrap: (command, args) => ({ command: 'unshare', args: [...NAMESPACE, command, ...args] }),
  };
}

function mayUseUserNamespace() {
  return spawnSync('unshare', [...NAMESPACE, 'true'], { stdio: 'ignore' }).status === 0;
}

/** @param {{ uid: number, gid: number }} other @returns {Account} */
function asOther({ uid, gid }) {
  return { owner: uid, group: gid, wrap: (command, args) => ({ command, args, uid, gid }) };
}

/**
 * The one privilege of root that is needed under a private home (0700). Without no_setuid_fixup access(2), by which
 * initdb looks for its companions, would not honour it.
 * @param {{ uid: number, gid: number }} other
 */
const lendFileAccess = ({ uid, gid }) => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--securebits=+no_setuid_fixup',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
];

/** @param {{ uid: number, gid: number }} other @returns {Account} */
function asOtherWithFileAccess(other) {
  return {
    owner: other.uid,
    group: other.gid,
    wrap: (command, args) => ({ command: 'setpriv', args: [...lendFileAccess(other), command, ...args] }),
  };
}

/** @param {{ uid: number, gid: number }} other */
function mayLendFileAccess(other) {
  return spawnSync('setpriv', [...lendFileAccess(other), 'true'], { stdio: 'ignore' }).status === 0;
}

function unprivilegedAccount() {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  const found = ['postgres', 'nobody'].map((name) => accounts.find((a) => a.name === name)).find(Boolean);
  return found ?? { name: '65534', uid: 65_534, gid: 65_534 };
}

/** Whether everybody may enter a folder and all above it. @param {string} path */
function reachableByOthers(path) {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * Hands a file or folder to the account, with all below it, if it is not its own yet (a folder that was used with
 * another way to run).
 * @param {string} path @param {Account} account
 */
export function giveTo(path, account) {
  const { uid } = statSync(path);
  if (uid === account.owner) return;
  if (ownUid() !== 0)
    throw new Refusal(
      `${path} belongs to user ${uid}, and this is user ${ownUid()}. Start as that user, or choose another DATA_DIR.`,
    );
  chownBelow(path, account);
}

/** The folder itself comes last, so that an interrupted change is taken up again. @param {string} path @param {Account} account */
function chownBelow(path, account) {
  for (const entry of statSync(path).isDirectory() ? readdirSync(path, { withFileTypes: true }) : []) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) chownBelow(inner, account);
    else lchownSync(inner, account.owner, account.group);
  }
  chownSync(path, account.owner, account.group);
}

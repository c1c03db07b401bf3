import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Refusal } from '../lib/say.mjs';

/**
 * PostgreSQL refuses to run as root, and to be created by a user without an entry in /etc/passwd. An account is a way
 * to run its programs that it accepts.
 * @typedef {{ command: string, args: string[], uid?: number, gid?: number }} Spawned
 * @typedef {{ owner: number, group: number, wrap(command: string, args: string[]): Spawned }} Account
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
  const other = unprivilegedAccount();
  if (ownUid() !== 0 && hasName()) return asOneself();
  if (mayUseUserNamespace(other)) return inUserNamespace(other);
  if (ownUid() !== 0)
    throw new Refusal(
      `PostgreSQL does not run as user ${ownUid()}, who has no entry in /etc/passwd. ` +
        'Start as a user who has one, or set DATABASE_URL.',
    );
  // Containers forbid namespaces by default. Another account can do it, if it can reach the files.
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

/** @typedef {{ uid: number, gid: number }} Ids */

/** @param {Ids} other */
const namespace = ({ uid, gid }) => ['--user', `--map-user=${uid}`, `--map-group=${gid}`];

/**
 * Oneself outside, another inside: the files stay one's own, and PostgreSQL sees an ordinary user.
 * @param {Ids} other @returns {Account}
 */
function inUserNamespace(other) {
  return {
    owner: ownUid(),
    group: ownGid(),
    wrap: (command, args) => ({ command: 'unshare', args: [...namespace(other), command, ...args] }),
  };
}

/** @param {Ids} other */
function mayUseUserNamespace(other) {
  return spawnSync('unshare', [...namespace(other), 'true'], { stdio: 'ignore' }).status === 0;
}

function hasName() {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

/** @param {Ids} other @returns {Account} */
function asOther({ uid, gid }) {
  return { owner: uid, group: gid, wrap: (command, args) => ({ command, args, uid, gid }) };
}

/**
 * The one privilege of root that is needed under a private home (0700). Without no_setuid_fixup access(2), by which
 * initdb looks for its companions, would not honour it.
 * @param {Ids} other
 */
const lendFileAccess = ({ uid, gid }) => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--securebits=+no_setuid_fixup',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
];

/** @param {Ids} other @returns {Account} */
function asOtherWithFileAccess(other) {
  return {
    owner: other.uid,
    group: other.gid,
    wrap: (command, args) => ({ command: 'setpriv', args: [...lendFileAccess(other), command, ...args] }),
  };
}

/** @param {Ids} other */
function mayLendFileAccess(other) {
  return spawnSync('setpriv', [...lendFileAccess(other), 'true'], { stdio: 'ignore' }).status === 0;
}

/** initdb insists on an account that has a name. */
function unprivilegedAccount() {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  const named = ['postgres', 'nobody'].map((name) => accounts.find((account) => account.name === name));
  const found = named.find(Boolean) ?? accounts.find(({ uid }) => uid > 0);
  if (!found)
    throw new Refusal(
      'PostgreSQL needs an account other than root, and /etc/passwd has none. Set DATABASE_URL.',
    );
  return found;
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

/**
 * The folder itself comes last, so that an interrupted change is taken up again.
 * @param {string} path @param {Account} account
 */
function chownBelow(path, account) {
  for (const entry of statSync(path).isDirectory() ? readdirSync(path, { withFileTypes: true }) : []) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) chownBelow(inner, account);
    else lchownSync(inner, account.owner, account.group);
  }
  chownSync(path, account.owner, account.group);
}

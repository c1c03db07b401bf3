import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, isPortFree } from '../../../scripts/lib/ports.mjs';
import { startGuarded } from '../../../scripts/services/guarded.mjs';
import { LOOPBACK } from '../harness/raw-http.mjs';

const START_MS = 5_000;
/** Debian keeps servers where only root has them on PATH. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/**
 * nginx as one process that sends files by sendfile(2), from the kernel's page cache straight into the socket.
 * @param {{ root: string, directory: string }} options root: what it serves. directory: for its own files
 * @returns {Promise<{ pid: number, port: number, stop(): Promise<void> } | null>} null when there is no nginx here
 */
export async function startNginx({ root, directory }) {
  const command = findNginx();
  if (!command) return null;
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const config = join(directory, 'nginx.conf');
  writeFileSync(config, configuration({ port, root, directory }));
  const nginx = await startGuarded({
    command,
    args: ['-e', 'stderr', '-p', directory, '-c', config],
    stopSignal: 'SIGTERM',
    graceMs: 2_000,
  });
  for (const deadline = Date.now() + START_MS; await isPortFree(port); await delay(20)) {
    if (Date.now() > deadline) throw new Error(`nginx does not listen: ${nginx.output()}`);
  }
  return { pid: nginx.pid, port, stop: () => nginx.stop() };
}

/** @param {{ port: number, root: string, directory: string }} where */
const configuration = ({ port, root, directory }) => `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server { listen ${LOOPBACK}:${port}; root ${root}; }
}
`;

function findNginx() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS].filter(Boolean);
  return folders.map((folder) => join(folder, 'nginx')).find(isExecutable) ?? null;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

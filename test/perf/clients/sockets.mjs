/** Keeps sockets open, as browsers do. */
import { io } from 'socket.io-client';
import { runHelper } from '../harness/helper.mjs';

/** So many ask to be let in at a time. */
const AT_ONCE = 50;

void runHelper(async () => ({ answer: open }));

/** @param {{ url: string, path: string, token: string, count: number }} request @returns {Promise<number>} how many are open */
async function open({ url, path, token, count }) {
  const waiting = Array.from({ length: count }, (_, index) => index);
  const work = async () => {
    while (waiting.pop() !== undefined) await connected(url, path, token);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return count;
}

/** @param {string} url @param {string} path @param {string} token @returns {Promise<void>} */
function connected(url, path, token) {
  return new Promise((resolve, reject) => {
    const socket = io(url, { path, auth: { token }, transports: ['websocket'], forceNew: true });
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
    socket.once('disconnect', (reason) => {
      throw new Error(`A socket was closed: ${reason}`);
    });
  });
}

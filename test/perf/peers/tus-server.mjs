/** @tus/server with its file store: plaintext, and nothing is made durable. */
import { createServer } from 'node:http';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { runHelper } from '../harness/helper.mjs';
import { listening } from './listening.mjs';

void runHelper(({ directory }) => {
  const tus = new Server({ path: '/files', datastore: new FileStore({ directory }), relativeLocation: true });
  return listening(createServer((request, response) => void tus.handle(request, response)));
});

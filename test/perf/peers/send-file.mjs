/** express' own way to send a file: plaintext, through a Node.js stream. */
import express from 'express';
import { runHelper } from '../harness/helper.mjs';
import { listening } from './listening.mjs';

void runHelper(({ path }) => {
  const app = express();
  app.get('/file', (_request, response) => response.sendFile(path));
  return listening(app);
});

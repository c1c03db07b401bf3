/** A route of express 5 and nothing else: no parser, no log, no headers of its own. */
import express from 'express';
import { runHelper } from '../harness/helper.mjs';
import { listening } from './listening.mjs';

void runHelper(({ answer }) => {
  const app = express();
  app.get('/live', (_request, response) => {
    response.json(answer);
  });
  return listening(app);
});

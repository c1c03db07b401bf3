/** multer with its disk storage on express: plaintext, and nothing is made durable. */
import express from 'express';
import multer from 'multer';
import { runHelper } from '../harness/helper.mjs';
import { listening } from './listening.mjs';

void runHelper(({ directory }) => {
  const app = express();
  const upload = multer({ storage: multer.diskStorage({ destination: directory }) });
  app.post('/upload', upload.single('file'), (request, response) => {
    response.status(201).json({ path: request.file?.path, size: request.file?.size });
  });
  return listening(app);
});

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from '../paths.mjs';

const LOOK_MS = 20;

/** Looks at an upload from outside, through the typed client, to know when to strike. */
export class Uploads {
  /** @param {string} api @param {{ email: string, password: string }} account */
  static async of(api, { email, password }) {
    const { createWaybillClient } = createRequire(import.meta.url)(join(ROOT, 'dist/libs/client/index.js'));
    const client = createWaybillClient({ baseUrl: api });
    await client.logIn(email, password);
    return new Uploads(client);
  }

  /** @param {any} client */
  constructor(client) {
    this.client = client;
  }

  /**
   * Waits for a moment in the life of the upload of a name.
   * @param {string} name @param {(upload: { status: string, bytesUploaded: number }) => boolean} isMoment
   * @param {Promise<unknown>} tooLate ends the wait
   * @returns {Promise<{ status: string, bytesUploaded: number } | null>} null when it was too late
   */
  async moment(name, isMoment, tooLate) {
    let over = false;
    void tooLate.then(() => (over = true));
    for (let uploadId = ''; !over; await delay(LOOK_MS)) {
      uploadId ||= await this.#idOf(name);
      if (uploadId === '') continue;
      const { data } = await this.client.GET('/api/upload/progress/{uploadId}', {
        params: { path: { uploadId } },
      });
      if (isMoment(data)) return data;
    }
    return null;
  }

  /** @param {string} name @returns {Promise<string>} empty while there is none */
  async #idOf(name) {
    const { data } = await this.client.GET('/api/upload', { params: { query: { limit: 1 } } });
    const [upload] = data.items;
    return upload?.fileName === name ? upload.uploadId : '';
  }
}

import type { ApiClient } from '../system';
import { TUS } from './tus-client';

/** tus-js-client has its types beside the ES modules, and its CommonJS elsewhere; this is as much as is used of it. */
interface TusJs {
  Upload: new (
    file: Buffer,
    options: Record<string, unknown>,
  ) => { url: string | null; start(): void; abort(terminate?: boolean): Promise<void> };
}
const { Upload } = require('tus-js-client') as TusJs;

export interface TusJsOptions {
  endpoint?: string;
  metadata?: Record<string, string>;
  chunkSize?: number;
  /** Anything else that it knows. */
  more?: Record<string, unknown>;
  /** Called as often as it tells of bytes that were acknowledged; true: pause here. */
  onChunk?: (accepted: number) => boolean | void;
  retries?: number;
}

/** Uploads with tus-js-client, as it is; answers the upload's address, also where it was paused. */
export function uploadByTusJs(api: ApiClient, file: Buffer, options: TusJsOptions = {}): Promise<string> {
  const { endpoint = `${api.baseUrl}${TUS}`, metadata = {}, chunkSize = Infinity, more, onChunk } = options;
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint,
      chunkSize,
      metadata: { filename: 'document.docx', ...metadata },
      headers: { Authorization: `Bearer ${api.token}` },
      retryDelays: Array.from({ length: options.retries ?? 5 }, (_, index) =>
        Math.min(50 * (index + 1), 500),
      ),
      onError: reject,
      onSuccess: () => resolve(new URL(upload.url!).pathname),
      onChunkComplete: (_size: number, accepted: number) => {
        if (onChunk?.(accepted) !== true) return;
        void upload.abort().then(() => resolve(new URL(upload.url!).pathname));
      },
      ...more,
    });
    upload.start();
  });
}

import type { AddressInfo } from 'node:net';
import { WaybillLogger } from '@waybill/platform/observability';
import { createApp } from '../../apps/api/create-app';
import { ApiApp } from './api-app';

/** The API, and another instance of it on the same database and Redis. */
export interface TwoInstances {
  api: ApiApp;
  urls: [string, string];
  stop(): Promise<void>;
}

export async function startTwoInstances(env: NodeJS.ProcessEnv = {}): Promise<TwoInstances> {
  const api = await ApiApp.start(env);
  // The first one has put its settings where the second one reads them.
  const app = await createApp({ logger: new WaybillLogger({ level: 'silent', service: 'api' }) });
  const server = await app.listen(0, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  return {
    api,
    urls: [api.url, `http://127.0.0.1:${port}`],
    stop: async () => {
      await app.close();
      await api.stop();
    },
  };
}

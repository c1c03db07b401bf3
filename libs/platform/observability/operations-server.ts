import type { INestApplicationContext } from '@nestjs/common';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { constantTimeEqual } from '@waybill/core/crypto';
import { AppConfig } from '@waybill/platform/config';
import { Metrics } from './metrics';
import { ReadinessChecks } from './readiness';

export interface OperationsServerOptions {
  metrics: Metrics;
  readiness: ReadinessChecks;
  port: number;
  host: string;
  /** Asked for as a bearer token where it is set. Health needs none. */
  token: string | null;
}

/** What an operator's machines ask of a process, on a port of its own: the worker has no other. */
export class OperationsServer {
  private constructor(private readonly server: Server) {}

  /**
   * The private port of a process, as the settings have it; null where they ask for none.
   *
   * @throws when the port is taken.
   */
  static async beside(
    services: INestApplicationContext,
    process: 'api' | 'worker',
  ): Promise<OperationsServer | null> {
    const { host, token, ports } = services.get(AppConfig).metrics;
    if (ports === null) return null;
    const metrics = services.get(Metrics);
    const readiness = services.get(ReadinessChecks);
    return OperationsServer.listen({ metrics, readiness, port: ports[process], host, token });
  }

  /** @throws when the port is taken. */
  static async listen(options: OperationsServerOptions): Promise<OperationsServer> {
    const server = createServer((request, response) => {
      answer(options, request, response).catch(() => response.destroy());
    });
    server.listen(options.port, options.host);
    await once(server, 'listening');
    return new OperationsServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

async function answer(
  { metrics, readiness, token }: OperationsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'GET only');
  switch (request.url) {
    case '/metrics':
      if (token !== null && !bearerIs(request.headers.authorization, token)) {
        response.setHeader('WWW-Authenticate', 'Bearer realm="waybill"');
        return end(response, 401, 'a token is needed');
      }
      return end(response, 200, await metrics.text(), metrics.contentType);
    case '/health/live':
      return end(response, 200, 'live');
    case '/health/ready': {
      const { ready, draining, checks, notes } = await readiness.ask();
      const down = Object.keys(checks).filter((name) => checks[name] === 'down');
      return end(
        response,
        ready ? 200 : 503,
        ready ? ['ready', ...notes].join('\n') : draining ? 'draining' : down.join(', '),
      );
    }
    default:
      return end(response, 404, 'not found');
  }
}

/** Whether a header carries this very token, without telling by the time how much of it was right. */
export function bearerIs(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  return given !== undefined && constantTimeEqual(given, token);
}

function end(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(body.endsWith('\n') ? body : `${body}\n`);
}

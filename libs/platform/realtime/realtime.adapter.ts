import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { AppConfig } from '@waybill/platform/config';
import { SECURITY_HEADERS } from '@waybill/platform/http';
import type { Server, ServerOptions } from 'socket.io';
import { mayConnectFrom } from './origins';
import { answerUpgradesAsRequests } from './other-upgrades';

/** Clients have next to nothing to say here: a token, at the most. */
const LARGEST_MESSAGE = 8 * 1024;
/** How long somebody may be connected without having said who he is. */
const UNKNOWN_MS = 5_000;
const PING_EVERY_MS = 25_000;
const PING_PATIENCE_MS = 20_000;

/** socket.io on the API's own server, with the manners of the rest of it. */
export class RealtimeAdapter extends IoAdapter {
  private readonly server: HttpServer;
  private readonly config: AppConfig;

  constructor(app: NestExpressApplication) {
    super(app.getHttpServer());
    this.server = app.getHttpServer() as HttpServer;
    this.config = app.get(AppConfig);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const { corsOrigins, publicUrl } = this.config.http;
    const io = super.createIOServer(port, {
      ...options,
      serveClient: false,
      // What a message may be compressed to tells of what is in it; and buffers for it cost memory for each socket.
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: LARGEST_MESSAGE,
      connectTimeout: UNKNOWN_MS,
      pingInterval: PING_EVERY_MS,
      pingTimeout: PING_PATIENCE_MS,
      cors: corsOrigins.length > 0 ? { origin: corsOrigins } : undefined,
      destroyUpgrade: false,
      allowRequest: (request: IncomingMessage, decide: (problem: string | null, allowed: boolean) => void) =>
        decide(null, mayConnectFrom(request.headers, [publicUrl, ...corsOrigins])),
    } as unknown as ServerOptions) as Server;
    io.engine.on('headers', (headers: Record<string, string>) => {
      for (const [name, value] of SECURITY_HEADERS) headers[name] = value;
    });
    answerUpgradesAsRequests(this.server, options?.path ?? io.path());
    return io;
  }
}

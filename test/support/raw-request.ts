import { request, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface RawRequest {
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** The address of this machine that the request comes from; all of 127.0.0.0/8 are. */
  from?: string;
}

/** A request whose address goes out as it is given, unnormalised, on a connection of its own. */
export function rawRequest(
  baseUrl: string,
  method: string,
  path: string,
  { headers = {}, body, from }: RawRequest = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(baseUrl);
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        method,
        path,
        agent: false,
        localAddress: from,
        headers: { connection: 'close', ...length, ...headers },
      },
      (response) => {
        buffer(response).then(
          (bytes) =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text: bytes.toString('utf8'),
            }),
          reject,
        );
      },
    );
    sent.on('error', reject).end(body);
  });
}

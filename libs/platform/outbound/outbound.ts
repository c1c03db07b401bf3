import { lookup, type LookupAddress } from 'node:dns';
import { lookup as resolve } from 'node:dns/promises';
import { request as requestPlain, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { AddressPolicy } from './address-policy';
import { hostOf, targetProblem, type TargetRules } from './target';

/** How much of an answer is listened to; nobody reads it. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Why no answer came; never with what an answer or a name server has said. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
}

export interface OutboundAnswer {
  status: number;
}

/**
 * Sends requests to addresses that users have chosen. It goes to public addresses alone, or to networks that an operator
 * has named; follows no redirect; sends no credential but what it is given; and neither waits nor listens without bound.
 *
 * The address that was judged is the one that is connected to: the judge sits in the connection's own lookup, and literal
 * addresses, for which there is no lookup, are judged before.
 */
@Injectable()
export class Outbound {
  private readonly rules: TargetRules;
  /** How long somebody else's server may take for the whole exchange. */
  private readonly timeoutMs: number;

  constructor({ webhooks }: AppConfig) {
    this.timeoutMs = webhooks.timeoutMs;
    this.rules = {
      addresses: new AddressPolicy(webhooks.networks),
      plain: webhooks.plain,
      ports: webhooks.ports,
    };
  }

  /**
   * Why nothing may be sent there; undefined when it may, by now. A name that leads nowhere is not refused: it may one day,
   * and is judged whenever something is sent.
   */
  async problem(url: string): Promise<string | undefined> {
    const problem = targetProblem(url, this.rules);
    if (problem !== undefined) return problem;
    const host = hostOf(new URL(url));
    if (isIP(host) !== 0) return undefined;
    const found = await resolve(host, { all: true }).catch((): LookupAddress[] => []);
    const barred = found.some(({ address }) => !this.rules.addresses.permits(address));
    return barred ? 'must not lead to a private address' : undefined;
  }

  /** @throws OutboundError when the address may not be used or no answer came in time. */
  async post(target: string, headers: Record<string, string>, body: string): Promise<OutboundAnswer> {
    const problem = targetProblem(target, this.rules);
    if (problem !== undefined) throw new OutboundError(`The address ${problem}`);
    const url = new URL(target);
    const send = url.protocol === 'https:' ? requestSecure : requestPlain;
    return new Promise((done, fail) => {
      const request = send(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
        lookup: this.guardedLookup,
        agent: false,
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      request.on('error', (error: Error) => fail(new OutboundError(reasonOf(error), { cause: error })));
      request.on('response', (response) => listen(request, response, done, fail));
      request.end(body);
    });
  }

  /** Resolves as usual, and refuses the name altogether when any of its addresses is out of bounds. */
  private readonly guardedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const barred =
        addresses.length === 0 || addresses.some(({ address }) => !this.rules.addresses.permits(address));
      if (barred) return callback(new OutboundError('The address leads to a private network'), []);
      if (options.all) return callback(null, addresses);
      return callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

/** Waits for the end of an answer, or until there was enough of it: its status is all that is wanted. */
function listen(
  request: ClientRequest,
  response: IncomingMessage,
  done: (answer: OutboundAnswer) => void,
  fail: (error: Error) => void,
): void {
  let received = 0;
  const answer = { status: response.statusCode ?? 0 };
  response.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received <= MAX_ANSWER_BYTES) return;
    done(answer);
    request.destroy();
  });
  response.on('end', () => done(answer));
  response.on('error', (error) => fail(new OutboundError(reasonOf(error), { cause: error })));
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'The connection was refused',
  ECONNRESET: 'The connection was broken',
  ENOTFOUND: 'The name was not found',
  EAI_AGAIN: 'The name was not found',
  ABORT_ERR: 'There was no answer in time',
  ETIMEDOUT: 'There was no answer in time',
};

function reasonOf(error: Error): string {
  if (error instanceof OutboundError) return error.message;
  const { code = '', cause } = error as NodeJS.ErrnoException;
  if (cause instanceof OutboundError) return cause.message;
  if (/^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code))
    return 'The certificate is not to be trusted';
  return REASONS[code] ?? 'The connection failed';
}

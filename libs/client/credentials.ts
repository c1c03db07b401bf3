import type { components } from './schema';
import { errorOf, isProblem } from './problem-error';

/** Sends one request. `globalThis.fetch`, or whatever stands in for it. */
export type Send = (request: Request) => Promise<Response>;

/** What keeps somebody logged in. Whoever has it can act for them: keep it as you would a password. */
export interface Session {
  accessToken: string;
  refreshToken: string;
  /** When the access token ends, in milliseconds since 1970. */
  expiresAt: number;
}

type TokenPair = components['schemas']['TokenPairDto'];

/** An access token that ends sooner than this is renewed before a request that could not be sent twice. */
const MARGIN_MS = 60_000;

export function sessionOf({ accessToken, refreshToken, expiresIn }: TokenPair): Session {
  return { accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 };
}

/**
 * Who asks. An API key is used as it is; a session is renewed when its access token has ended, once for however many
 * requests notice it, since a refresh token works only once.
 */
export class Credentials {
  #refreshing: Promise<boolean> | null = null;

  constructor(
    private readonly send: Send,
    private readonly refreshUrl: string,
    private readonly apiKey: string | null,
    private current: Session | null,
    private readonly onChange: (session: Session | null) => void,
  ) {}

  get session(): Session | null {
    return this.current;
  }

  set session(session: Session | null) {
    this.current = session;
    this.onChange(session);
  }

  /** Sends a request as whoever this is; again, when the session had to be renewed for it. */
  async fetch(request: Request): Promise<Response> {
    const replayable = request.body === null || request.headers.get('content-type') === 'application/json';
    if (!replayable && this.current !== null && this.current.expiresAt - Date.now() < MARGIN_MS) {
      await this.refresh();
    }
    const sent = this.tokenFor(request);
    // A copy of a large body would be kept in memory; it was seen to above.
    const again = replayable && this.current !== null ? request.clone() : null;
    const response = await this.send(withToken(request, sent));
    if (again === null || !(await isUnauthenticated(response))) return response;
    // Somebody else may have renewed it while this request was on its way.
    const renewed = this.tokenFor(again) !== sent || (await this.refresh());
    return renewed ? this.send(withToken(again, this.tokenFor(again))) : response;
  }

  /** A link may lead elsewhere, and is then all that is needed there. */
  private tokenFor({ url }: Request): string | null {
    if (new URL(url).origin !== new URL(this.refreshUrl).origin) return null;
    return this.current?.accessToken ?? this.apiKey;
  }

  /** Trades the refresh token; false when there is no session any more. */
  private refresh(): Promise<boolean> {
    this.#refreshing ??= this.trade().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  private async trade(): Promise<boolean> {
    if (this.current === null) return false;
    const { refreshToken } = this.current;
    const response = await this.send(
      new Request(this.refreshUrl, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ refreshToken }),
      }),
    );
    if (response.ok) {
      this.session = sessionOf((await response.json()) as TokenPair);
      return true;
    }
    const error = await errorOf(response);
    if (!isProblem(error, 'UNAUTHENTICATED')) throw error;
    this.session = null;
    return false;
  }
}

function withToken(request: Request, token: string | null): Request {
  if (token !== null) request.headers.set('Authorization', `Bearer ${token}`);
  return request;
}

/** Not every 401 is about the session: a wrong password is one, too. */
async function isUnauthenticated(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  // The answer to HEAD has no body that would tell.
  return response.body === null || isProblem(await errorOf(response.clone()), 'UNAUTHENTICATED');
}

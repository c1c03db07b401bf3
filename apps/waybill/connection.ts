import { createWaybillClient, type WaybillClient } from '@waybill/client';
import { UsageError, type Surroundings } from './command';
import { askPassword, firstLineOf } from './password';

/** Options of every command that talks to a service. */
export const CONNECTION = {
  api: { type: 'string' },
  email: { type: 'string' },
  'password-stdin': { type: 'boolean' },
} as const;

export const CONNECTION_USAGE = `  --api URL           where the service is (or WAYBILL_API; by default http://localhost:3000)
  --email ADDRESS     whose account (or WAYBILL_EMAIL); the password is asked for,
                      or comes from WAYBILL_PASSWORD
  --password-stdin    read the password from standard input (its first line)
  With WAYBILL_API_KEY neither is needed.`;

interface ConnectionValues {
  api?: string;
  email?: string;
  'password-stdin'?: boolean;
}

export interface Connection {
  client: WaybillClient;
  /** The service and whose account it is, without anything secret: what belongs to one is not another's. */
  who: string;
}

/** A client that is logged in. */
export async function connect(
  values: ConnectionValues,
  { env, terminal }: Surroundings,
): Promise<Connection> {
  const baseUrl = addressOf(values.api ?? env.WAYBILL_API ?? 'http://localhost:3000');
  const email = values.email ?? env.WAYBILL_EMAIL;
  const apiKey = env.WAYBILL_API_KEY;
  if (apiKey && !values.email) {
    return { client: createWaybillClient({ baseUrl, apiKey }), who: `${baseUrl} by API key` };
  }
  if (!email) throw new UsageError('Say who you are: --email ADDRESS, or WAYBILL_API_KEY.');
  const password = values['password-stdin']
    ? await firstLineOf(process.stdin)
    : (env.WAYBILL_PASSWORD ?? (await askPassword(`Password of ${email}: `, terminal)));
  const client = createWaybillClient({ baseUrl });
  await client.logIn(email, password);
  return { client, who: `${baseUrl} as ${email}` };
}

function addressOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError(`${text} is no address of a service: http://… or https://… is.`);
  }
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`.replace(/\/+$/, '').replace(/\/api$/, '');
}

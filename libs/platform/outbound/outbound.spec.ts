import dns from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { AppConfig } from '@waybill/platform/config';
import { testEnvironment } from '../../../test/support/environment';
import { Outbound } from './outbound';

const outbound = (env: NodeJS.ProcessEnv = {}): Outbound => new Outbound(new AppConfig(testEnvironment(env)));
const LOCAL = { WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8,fd12::/16' };

/** Makes every name lead somewhere. */
function leadTo(...addresses: { address: string; family: number }[]): void {
  const answer = (_: string, __: object, callback: Function): void => void callback(null, addresses);
  jest.spyOn(dns, 'lookup').mockImplementation(answer as unknown as typeof dns.lookup);
  jest.spyOn(dns.promises, 'lookup').mockResolvedValue(addresses as never);
}
afterEach(() => jest.restoreAllMocks());

describe('targets', () => {
  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://0.0.0.0/',
    'https://[::]/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://localhost/',
    'https://localhost./',
    'https://LOCALHOST/',
    'https://x.localhost/',
    'https://１２７.０.０.１/',
    'https://127.0.0.1.:443/',
    'https://169.254.169.254/latest/meta-data',
    'https://10.1.2.3/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://u:p@93.184.215.14/',
    'https://u@93.184.215.14/',
    'https://93.184.215.14:22/',
    'https://93.184.215.14:6379/',
    'https://93.184.215.14:25/',
    'https://93.184.215.14/#x',
    'http://93.184.215.14/',
    'file:///etc/passwd',
    'gopher://93.184.215.14/',
    'javascript:alert(1)',
    '//93.184.215.14/',
    'hooks',
    '',
    `https://93.184.215.14/${'x'.repeat(2_000)}`,
  ])('%.60s is none', async (url) => {
    expect(await outbound().problem(url)).toEqual(expect.any(String));
    await expect(outbound().post(url, {}, '')).rejects.toThrow(/^The address /);
  });

  it.each(['https://93.184.215.14/', 'https://93.184.215.14:8443/x?y=z', 'https://[2606:2800::1]/'])(
    '%s is one',
    async (url) => {
      expect(await outbound().problem(url)).toBeUndefined();
    },
  );

  it.each([
    ['http://127.0.0.1:8080/', undefined],
    ['http://localhost:8080/', undefined],
    ['http://[fd12::1]:9/', undefined],
    ['http://10.0.0.1/', 'must not lead to a private address'],
    ['http://93.184.215.14:8080/', 'must use one of the ports 443, 8443'],
  ])('%s, with networks that an operator has named: %s', async (url, problem) => {
    expect(await outbound(LOCAL).problem(url)).toBe(problem);
  });

  it('a name is judged by all that it leads to', async () => {
    leadTo({ address: '93.184.215.14', family: 4 });
    expect(await outbound().problem('https://hooks.example.org/')).toBeUndefined();
    leadTo({ address: '93.184.215.14', family: 4 }, { address: '::1', family: 6 });
    expect(await outbound().problem('https://hooks.example.org/')).toBe('must not lead to a private address');
  });
});

describe('sending', () => {
  let server: Server;
  let connections = 0;
  let respond: (path: string) => { status: number; headers?: Record<string, string>; body?: string };
  let port: number;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { status, headers, body } = respond(request.url!);
      response.writeHead(status, headers).end(body);
    });
    server.on('connection', () => connections++);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    ({ port } = server.address() as AddressInfo);
  });
  beforeEach(() => (connections = 0));
  afterAll(() => new Promise((done) => server.close(done)));

  it('goes nowhere when a name leads to a private address by now', async () => {
    leadTo({ address: '127.0.0.1', family: 4 });
    const rebound = outbound({ WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_PORTS: String(port) });
    const sending = rebound.post(`http://hooks.example.org:${port}/`, {}, '{}');
    await expect(sending).rejects.toThrow('The address leads to a private network');
    expect(connections).toBe(0);
  });

  it('judges the very addresses that it connects to', async () => {
    const asked: string[] = [];
    const lookup: LookupFunction = (hostname, _, callback) => {
      asked.push(hostname);
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    jest.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as typeof dns.lookup);
    respond = () => ({ status: 204 });
    const named = outbound({ ...LOCAL, WEBHOOK_PORTS: String(port) });
    expect(await named.post(`http://hooks.example.org:${port}/`, {}, '{}')).toEqual({
      status: 204,
    });
    expect(asked).toEqual(['hooks.example.org']);
  });

  it('follows no redirect', async () => {
    const paths: string[] = [];
    respond = (path) => {
      paths.push(path);
      return { status: 307, headers: { location: '/elsewhere' } };
    };
    expect(await outbound(LOCAL).post(`http://127.0.0.1:${port}/a`, {}, '{}')).toEqual({ status: 307 });
    expect(paths).toEqual(['/a']);
  });

  it('does not listen to an answer for ever', async () => {
    respond = () => ({ status: 200, body: 'x'.repeat(10_000_000) });
    expect(await outbound(LOCAL).post(`http://127.0.0.1:${port}/`, {}, '{}')).toEqual({ status: 200 });
  });

  it('says why there was no answer, without what others said', async () => {
    const nobody = outbound(LOCAL).post('http://127.0.0.1:1/', {}, '{}');
    await expect(nobody).rejects.toThrow('The connection was refused');
  });
});

import { randomUUID } from 'node:crypto';
import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import { AccountsService } from '@waybill/features/auth';
import { PUBLIC, ROLES_ALLOWED } from '@waybill/platform/http';
import { ApiApp } from '../support/api-app';
import { ApiClient } from '../support/system';
import { ACCESS, type Audience } from './access-table';

jest.setTimeout(60_000);

/** Who may come: anybody, whoever is logged in, or whoever has the role (an admin may what ops may). */
type Admission = 'public' | 'authenticated' | 'ops' | 'admin';

const ADMISSIONS: Record<Audience, Admission> = {
  everybody: 'public',
  people: 'authenticated',
  ops: 'ops',
  admin: 'admin',
};

/** Pages for people, explained in no document of the API. */
const UNDOCUMENTED = ['GET /api/problems', 'GET /api/problems/:slug'];
/** Every route there is, and whom it lets in: what the access table says, and the pages beside the document. */
const ROUTES: Record<string, Admission> = Object.fromEntries([
  ...UNDOCUMENTED.map((route) => [route, 'public'] as const),
  ...Object.entries(ACCESS).map(
    ([route, { audience }]) => [route.replace(/\{(\w+)\}/g, ':$1'), ADMISSIONS[audience]] as const,
  ),
]);

/** Swagger UI's own files, and whatever the page of the queues asks for; see queue-board.spec.ts. */
const OUTSIDE = /^\/api\/(docs(\/|-json$|$)|admin\/queues\/)/;
/** Public to the guards, because it admits a browser's cookie as well: it asks for the role itself. */
const GUARDS_ITSELF = 'GET /api/admin/queues';
/** The page of a share stands beside the API. */
const PAGE = '/s/:token';

let api: ApiApp;
let client: ApiClient;
let ops: ApiClient;

beforeAll(async () => {
  api = await ApiApp.start();
  [client, ops] = await Promise.all([person('client'), person('ops')]);
});
afterAll(() => api?.stop());

async function person(role: 'client' | 'ops'): Promise<ApiClient> {
  const [email, password] = [`${role}-${randomUUID()}@example.org`, `a password ${randomUUID()}`];
  await api.app.get(AccountsService, { strict: false }).create({ email, role, password, verified: true });
  const caller = new ApiClient(api.url);
  await caller.login(email, password);
  return caller;
}

/** What the router really answers to, however it came to be there. */
function routed(): string[] {
  interface Layer {
    route?: { path: string; methods: Record<string, boolean> };
  }
  const { router } = api.app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return router.stack.flatMap(({ route }) => {
    if (route === undefined || OUTSIDE.test(route.path)) return [];
    // Nest puts something in front of what is outside of the prefix, for whatever method; only the page answers.
    if (route.path === PAGE && !isOnlyGet(route.methods)) return [];
    return Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`);
  });
}

function isOnlyGet(methods: Record<string, boolean>): boolean {
  return Object.keys(methods).join() === 'get';
}

/** What the controllers declare. */
function declared(): Record<string, Admission> {
  const reflector = new Reflector();
  const routes: Record<string, Admission> = {};
  for (const module of api.app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const controller = metatype as Type;
      for (const name of new MetadataScanner().getAllMethodNames(controller.prototype as object)) {
        const handler = (controller.prototype as Record<string, () => unknown>)[name]!;
        const path = Reflect.getMetadata(PATH_METADATA, handler) as string | undefined;
        if (path === undefined) continue;
        const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
        const base = Reflect.getMetadata(PATH_METADATA, controller) as string;
        const local = `/${base}/${path}`.replace(/\/+/g, '/').replace(/\/$/, '');
        const address = local === PAGE ? local : `/api${local}`;
        if (OUTSIDE.test(address)) continue;
        const open = reflector.getAllAndOverride<boolean>(PUBLIC, [handler, controller]);
        const roles = reflector.getAllAndOverride<string[]>(ROLES_ALLOWED, [handler, controller]);
        routes[`${method} ${address}`] = open
          ? 'public'
          : ((roles?.join('+') ?? 'authenticated') as Admission);
      }
    }
  }
  return routes;
}

const cases = Object.entries(ROUTES);
const guarded = Object.keys(ROUTES).filter((route) => ROUTES[route] !== 'public');
const call = (caller: ApiClient, route: string) => {
  const [method, path] = route.split(' ') as [string, string];
  return caller.request(method, path.replace(/:\w+/g, randomUUID()));
};

describe('every route is guarded, or public on purpose:', () => {
  it('the router knows those of the table and no other', () => {
    expect(routed().sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it('the controllers declare what the table says', () => {
    expect(declared()).toEqual({ ...ROUTES, [GUARDS_ITSELF]: 'public' });
  });

  it('the document describes them so', async () => {
    const { body } = await new ApiClient(api.url).get('/api/docs-json');
    const described: Record<string, boolean> = {};
    for (const [path, operations] of Object.entries<Record<string, { security?: object[] }>>(body.paths)) {
      for (const [method, { security = body.security }] of Object.entries(operations)) {
        const route = `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
        // The token of whoever scrapes metrics is nobody's credential.
        described[route] = security.every((scheme: object) => 'metricsToken' in scheme);
      }
    }
    const documented = cases.filter(([route]) => !UNDOCUMENTED.includes(route));
    expect(described).toEqual(
      Object.fromEntries(documented.map(([route, admission]) => [route, admission === 'public'])),
    );
  });

  it.each(cases)(
    '%s lets in whoever is %s: nobody else gets as far as to be told of a thing',
    async (route, admission) => {
      const [anonymous, forged] = await Promise.all([
        call(new ApiClient(api.url), route),
        call(new ApiClient(api.url, 'forged'), route),
      ]);
      const [asClient, asOps] = await Promise.all([call(client, route), call(ops, route)]);
      if (admission === 'public') expect(anonymous.body?.code).not.toBe('UNAUTHENTICATED');
      else {
        const code = route.startsWith('HEAD ') ? undefined : 'UNAUTHENTICATED';
        expect([anonymous.status, anonymous.body?.code]).toEqual([401, code]);
        expect([forged.status, forged.body?.code]).toEqual([401, code]);
      }
      expect(asClient.status === 403).toBe(admission === 'ops' || admission === 'admin');
      expect(asOps.status === 403).toBe(admission === 'admin');
    },
  );

  it.each(guarded)('%s is no other for HEAD, a slash, or letters written otherwise', async (route) => {
    const [method, path] = route.split(' ') as [string, string];
    const address = path.replace(/:\w+/g, randomUUID());
    const others = [
      `${address}/`,
      address.toUpperCase(),
      address.replace('/api', '//api'),
      address.replace('api', '%61pi'),
      `${address};x=1`,
    ];
    for (const other of others) {
      const answer = await new ApiClient(api.url).request(method, api.url + other);
      expect([other, [401, 404]]).toEqual([other, expect.arrayContaining([answer.status])]);
    }
    if (method === 'GET') expect((await new ApiClient(api.url).request('HEAD', address)).status).toBe(401);
  });
});

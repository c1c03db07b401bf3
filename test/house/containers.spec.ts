import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  image: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  ports?: string[];
  env_file?: string;
  environment?: Record<string, string>;
  volumes?: string[];
  networks?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  command?: string[];
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const settings = new Set(
  [...read('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name),
);

describe('docker-compose.yml', () => {
  it.each(services)('%s can change nothing but its data, and gain no right', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service.image).not.toMatch(/:latest$|^[^:]+$/);
  });

  it.each(services)('%s has no secret of its own', (_name, { environment = {} }) => {
    for (const [name, value] of Object.entries(environment)) {
      if (!/SECRET|PASSWORD|TOKEN/.test(name)) continue;
      expect([name, value]).toEqual([name, expect.stringMatching(/^\$\{[A-Z0-9_]+(:\?[^}]*|:-)\}$/)]);
    }
    for (const address of [environment.DATABASE_URL, environment.REDIS_URL].filter(
      (url) => url !== undefined,
    )) {
      expect(address).toMatch(/:\$\{[A-Z]+_PASSWORD:\?[^}]*\}@/);
    }
  });

  it('lets the world reach the proxy alone, and nobody but us the database', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['proxy']);
    expect(compose.networks.back).toEqual({ internal: true });
    for (const name of ['postgres', 'redis', 's3', 'migrate']) {
      expect([name, compose.services[name]!.networks]).toEqual([name, ['back']]);
    }
  });

  it('starts things in their order, and knows of each whether it lives', () => {
    expect(compose.services.proxy!.depends_on).toEqual({ api: { condition: 'service_healthy' } });
    for (const name of ['api', 'worker']) {
      expect(compose.services[name]!.depends_on).toEqual({
        migrate: { condition: 'service_completed_successfully' },
        redis: { condition: 'service_healthy' },
      });
    }
    expect(compose.services.migrate!.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(compose.services.worker!.healthcheck!.test).toContain('worker');
  });

  it('gives api and worker the same settings, all of them known, and the same objects', () => {
    const { api, worker, migrate } = compose.services as Record<string, Service>;
    for (const name of Object.keys(api!.environment!))
      expect([name, settings.has(name)]).toEqual([name, true]);
    expect([worker!.environment, migrate!.environment]).toEqual([api!.environment, api!.environment]);
    expect([worker!.volumes, worker!.image]).toEqual([api!.volumes, api!.image]);
    expect(Object.keys(compose.volumes)).toContain(api!.volumes![0]!.split(':')[0]);
  });

  it('runs entry points that the build makes', () => {
    for (const name of ['worker', 'migrate']) {
      const entry = compose.services[name]!.command!.find((word) => word.startsWith('dist/'))!;
      expect(existsSync(join(ROOT, entry.replace('dist/', '').replace(/\.js$/, '.ts')))).toBe(true);
    }
  });
});

describe('docker/Dockerfile', () => {
  const lines = read('docker/Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  it('runs as nobody special, from production’s dependencies, and says whether it lives', () => {
    expect(last).toContain('USER 1000:1000');
    expect(lines.some((line) => line.includes('npm prune --omit=dev'))).toBe(true);
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
    expect(last.some((line) => /^CMD \["node", "dist\/apps\/api\/main\.js"\]$/.test(line))).toBe(true);
  });

  it('tells node and malloc of memory what the launcher tells them', () => {
    const memory = JSON.parse(read('scripts/lib/process-memory.json')) as Record<string, object>;
    const told = (text: string): Record<string, string> =>
      Object.fromEntries(
        [...text.matchAll(/(NODE_OPTIONS|MALLOC_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
      );
    const image = told(last.join(' '));
    expect(image).toEqual(memory.api);
    expect({ ...image, ...told(compose.services.worker!.command!.join(' ')) }).toEqual(memory.worker);
  });

  it('copies what is there, and what its ignore file lets through', () => {
    const admitted = read('docker/Dockerfile.dockerignore').split('\n');
    expect(admitted[1]).toBe('*');
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(copied.length).toBeGreaterThan(5);
    for (const source of copied) {
      expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
      expect(admitted).toContain(`!${source}`);
    }
  });

  it('has nothing of the machine’s own in it', () => {
    expect(read('docker/Dockerfile.dockerignore')).not.toMatch(
      /^!.*(\.env|secrets|\.data|tls|node_modules)/m,
    );
    expect(lines.filter((line) => /^(ARG|ENV) .*(SECRET|PASSWORD|TOKEN)/.test(line))).toEqual([]);
  });
});

describe('docker/nginx.conf', () => {
  const text = read('docker/nginx.conf');

  it.each([
    ['spools no plaintext on its way in', /^\s*proxy_request_buffering off;/m],
    ['spools no plaintext on its way out', /^\s*proxy_buffering off;/m],
    ['leaves sizes to the API', /^\s*client_max_body_size 0;/m],
    ['writes no address with a token into a log', /^\s*access_log off;/m],
    ['believes no client about its address', /^\s*proxy_set_header X-Forwarded-For \$remote_addr;/m],
    ['keeps metrics inside', /location = \/api\/metrics \{\s*return 404;/],
  ])('%s', (_what, directive) => {
    expect(text).toMatch(directive);
  });
});

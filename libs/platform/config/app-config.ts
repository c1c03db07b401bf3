import { resolve } from 'node:path';
import { weakSecretReason } from '@waybill/core/crypto';
import { PRODUCTION_NAMES, readEnvironment } from './environment';

export type SignupPolicy = { kind: 'open' } | { kind: 'invite' } | { kind: 'domains'; domains: string[] };

/** Everything that can be set, validated, in the shape that the code uses. Sizes are bytes, durations milliseconds. */
export class AppConfig {
  readonly production: boolean;
  readonly http: {
    port: number;
    host: string;
    /** What links in mails and answers begin with; no trailing slash. Never taken from a request. */
    publicUrl: string;
    /** Express' `trust proxy` setting: whom to believe about the client's address. */
    trustProxy: boolean | number | string;
    corsOrigins: string[];
    /** Streams of events, and again sockets, that a user may hold open in each process. */
    liveConnectionsPerUser: number;
    docs: boolean;
    shutdownMs: number;
  };
  readonly dataDir: string;
  readonly database: { url: string; poolSize: number; statementMs: number };
  readonly redis: { url: string };
  readonly storage: { type: 'LOCAL' | 'S3'; localDir: string };
  readonly keyringFile: string;
  readonly secrets: { jwt: string; link: string };
  readonly mail: { smtpUrl: string | null; from: string; dir: string };
  readonly signup: SignupPolicy;
  readonly webhooks: {
    /** Whether `http:` will do. */
    plain: boolean;
    ports: number[];
    /** Networks that are allowed although they are private. */
    networks: string[];
    /** A factor on the time between two tries. */
    retryScale: number;
    /** How long a receiver may take for the whole exchange. */
    timeoutMs: number;
  };
  readonly uploads: {
    documents: { extensions: string[]; maxBytes: number };
    media: { extensions: string[]; maxBytes: number };
    /** Bytes a user may store; null is without limit. */
    userQuotaBytes: number | null;
    /** Transfers that run at once. */
    concurrency: { perUser: number; perInstance: number };
    /** The budget of plaintext in flight that all uploads of this process share. */
    bufferBytes: number;
    /** When an open staging part is closed: by its size or by its age, whichever comes first. */
    partBytes: number;
    partMs: number;
    /** How long a sender may stay silent. */
    idleMs: number;
    /** For how long a resumable upload is kept to which nothing is added. */
    resumeMs: number;
  };
  readonly sealing: { concurrency: number; attempts: number; backoffMs: number };
  /** How long what a process holds stays its own without a sign of life. */
  readonly leaseMs: number;
  readonly sweepMs: number;
  /** Of all files, how many may expire at once before the sweeper stops and asks. */
  readonly sweepMaxPercent: number;
  readonly rateLimitScale: number;
  readonly auditRetentionDays: number;
  readonly logLevel: string;
  /** The private port is null where there is none; each kind of process has its own, so that they fit on one machine. */
  readonly metrics: {
    token: string | null;
    host: string;
    ports: { api: number; worker: number } | null;
  };

  constructor(env: NodeJS.ProcessEnv) {
    const { environment, problems } = readEnvironment(env);
    const production = environment.NODE_ENV === 'production';
    if (production) problems.push(...productionProblems(env));
    if (problems.length > 0) throw new ConfigError([...new Set(problems)]);

    const e = environment;
    this.production = production;
    this.http = {
      port: e.PORT,
      host: e.HOST,
      publicUrl: (e.PUBLIC_URL ?? `http://localhost:${e.PORT}`).replace(/\/+$/, ''),
      trustProxy: parseTrustProxy(e.TRUST_PROXY),
      corsOrigins: list(e.CORS_ORIGINS),
      liveConnectionsPerUser: e.LIVE_CONNECTIONS_PER_USER,
      docs: e.API_DOCS,
      shutdownMs: e.SHUTDOWN_SECONDS * 1000,
    };
    this.dataDir = resolve(e.DATA_DIR);
    this.database = {
      url: e.DATABASE_URL,
      poolSize: e.DATABASE_POOL_SIZE,
      statementMs: e.DATABASE_STATEMENT_SECONDS * 1000,
    };
    this.redis = { url: e.REDIS_URL };
    this.storage = { type: e.STORAGE_TYPE, localDir: resolve(e.STORAGE_DIR ?? `${e.DATA_DIR}/objects`) };
    this.keyringFile = resolve(e.KEYRING_FILE);
    this.secrets = { jwt: e.JWT_SECRET, link: e.LINK_SECRET };
    this.mail = { smtpUrl: e.SMTP_URL ?? null, from: e.MAIL_FROM, dir: resolve(e.DATA_DIR, 'mail') };
    this.signup = parseSignupPolicy(e.SIGNUP_POLICY);
    this.webhooks = {
      plain: e.WEBHOOK_ALLOW_HTTP,
      ports: list(e.WEBHOOK_PORTS).map(Number),
      networks: list(e.WEBHOOK_ALLOWED_NETWORKS),
      retryScale: e.WEBHOOK_RETRY_SCALE,
      timeoutMs: e.WEBHOOK_TIMEOUT_SECONDS * 1000,
    };
    this.uploads = {
      documents: {
        extensions: list(e.UPLOAD_DOCUMENT_TYPES.toLowerCase()),
        maxBytes: e.UPLOAD_DOCUMENT_MAX_BYTES,
      },
      media: {
        extensions: list(e.UPLOAD_MEDIA_TYPES.toLowerCase()),
        maxBytes: e.UPLOAD_MEDIA_MAX_BYTES,
      },
      userQuotaBytes: e.USER_QUOTA_BYTES === 0 ? null : e.USER_QUOTA_BYTES,
      concurrency: { perUser: e.UPLOADS_PER_USER, perInstance: e.UPLOADS_PER_INSTANCE },
      bufferBytes: e.UPLOAD_BUFFER_BYTES,
      partBytes: e.UPLOAD_PART_BYTES,
      partMs: e.UPLOAD_PART_SECONDS * 1000,
      idleMs: e.UPLOAD_IDLE_SECONDS * 1000,
      resumeMs: e.UPLOAD_RESUME_HOURS * 3_600_000,
    };
    this.sealing = {
      concurrency: e.SEALING_CONCURRENCY,
      attempts: e.SEALING_ATTEMPTS,
      backoffMs: e.SEALING_BACKOFF_SECONDS * 1000,
    };
    this.leaseMs = e.LEASE_SECONDS * 1000;
    this.sweepMs = e.SWEEP_SECONDS * 1000;
    this.sweepMaxPercent = e.SWEEP_MAX_PERCENT;
    this.rateLimitScale = e.RATE_LIMIT_SCALE;
    this.auditRetentionDays = e.AUDIT_RETENTION_DAYS;
    this.logLevel = e.LOG_LEVEL;
    this.metrics = {
      token: e.METRICS_TOKEN ?? null,
      host: e.METRICS_HOST,
      ports: e.METRICS_PORT === 0 ? null : { api: e.METRICS_PORT, worker: e.METRICS_PORT + 1 },
    };
  }
}

/** The environment does not hold; `problems` has a sentence for each variable, without any value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: string[]) {
    super(`The settings do not hold:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** What names an installation, and must therefore have been changed. */
const SAMPLES: Record<string, RegExp> = {
  PUBLIC_URL: /^\s*http:\/\/localhost(:3000)?\/?\s*$/i,
  MAIL_FROM: /@localhost(\.localdomain)?>?\s*$/i,
};

/** Settings of others that would let the schema follow the code. Here they mean nothing; whoever sets them errs. */
const SYNCHRONISING = ['DB_SYNC', 'DB_SYNCHRONIZE', 'TYPEORM_SYNCHRONIZE'];
const PASSWORD_BYTES = 12;

/** In production nothing is defaulted or generated: what is missing, weak, a sample or used twice stops the start. */
function productionProblems(env: NodeJS.ProcessEnv): string[] {
  const missing = PRODUCTION_NAMES.filter((name) => !env[name]?.trim()).map((name) => `${name} is missing`);
  const secrets = ['JWT_SECRET', 'LINK_SECRET', 'METRICS_TOKEN'].filter((name) => env[name]?.trim());
  const weak = secrets.flatMap((name) => {
    const reason = weakSecretReason(env[name]!.trim());
    return reason === null ? [] : [`${name} is no secret: ${reason}`];
  });
  const repeated = secrets.flatMap((name, at) =>
    secrets
      .slice(0, at)
      .filter((earlier) => env[earlier]!.trim() === env[name]!.trim())
      .map((earlier) => `${name} is the same as ${earlier}; each needs its own`),
  );
  const samples = Object.entries(SAMPLES)
    .filter(([name, sample]) => sample.test(env[name] ?? ''))
    .map(([name]) => `${name} still has the value of the example`);
  const passwords = ['DATABASE_URL', 'REDIS_URL'].flatMap((name) => weakPassword(name, env[name]));
  const synchronised = SYNCHRONISING.filter((name) => /^(true|1|yes|on)$/i.test(env[name]?.trim() ?? '')).map(
    (name) => `${name} must not be set: the schema comes from migrations alone`,
  );
  return [...missing, ...weak, ...repeated, ...samples, ...passwords, ...synchronised];
}

/** A server may be reached without a password (a socket, a certificate), but not with one that everybody knows. */
function weakPassword(name: string, address: string | undefined): string[] {
  if (!address?.trim() || !URL.canParse(address.trim())) return [];
  const { username, password } = new URL(address.trim());
  if (password === '') return [];
  const reason = password === username ? 'is its user name' : weakSecretReason(password, PASSWORD_BYTES);
  return reason === null ? [] : [`${name} has a password that ${reason}`];
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parseTrustProxy(value: string): boolean | number | string {
  if (value === 'true' || value === 'false') return value === 'true';
  return /^\d+$/.test(value) ? Number(value) : value;
}

function parseSignupPolicy(value: string): SignupPolicy {
  if (value === 'open' || value === 'invite') return { kind: value };
  return { kind: 'domains', domains: list(value.slice('domains:'.length).toLowerCase()) };
}

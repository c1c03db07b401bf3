import { plainToInstance, Transform, type TransformFnParams } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  validateSync,
} from 'class-validator';

const number = ({ value }: TransformFnParams): unknown => (value === undefined ? undefined : Number(value));
const flag = ({ value }: TransformFnParams): unknown =>
  value === undefined
    ? undefined
    : value === 'true' || value === '1'
      ? true
      : value === 'false' || value === '0'
        ? false
        : value;

/**
 * The environment as it is written: names, forms and defaults of every setting. `.env.example` explains each in a
 * line; `settings.ts` gives them the shape that the code uses. An empty or blank value counts as absent.
 */
export class Environment {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @Transform(number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT = 3000;

  @IsString()
  HOST = '127.0.0.1';

  @IsOptional()
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  PUBLIC_URL?: string;

  @IsString()
  @MinLength(1)
  DATA_DIR = '.data';

  @Matches(/^postgres(ql)?:\/\//, { message: 'DATABASE_URL must be a postgres:// address' })
  DATABASE_URL: string;

  @Transform(number)
  @IsInt()
  @Min(2)
  @Max(500)
  DATABASE_POOL_SIZE = 20;

  @Transform(number)
  @IsInt()
  @Min(1)
  @Max(600)
  DATABASE_STATEMENT_SECONDS = 30;

  @Matches(/^rediss?:\/\//, { message: 'REDIS_URL must be a redis:// or rediss:// address' })
  REDIS_URL: string;

  @IsIn(['LOCAL', 'S3'])
  STORAGE_TYPE: 'LOCAL' | 'S3' = 'LOCAL';

  @IsOptional()
  @IsString()
  STORAGE_DIR?: string;

  @IsString()
  @MinLength(1)
  KEYRING_FILE: string;

  @IsString()
  @MinLength(1)
  JWT_SECRET: string;

  @IsString()
  @MinLength(1)
  LINK_SECRET: string;

  @IsOptional()
  @Matches(/^smtps?:\/\//, { message: 'SMTP_URL must be an smtp:// or smtps:// address' })
  SMTP_URL?: string;

  @IsEmail({ allow_display_name: true, require_tld: false })
  MAIL_FROM = 'Waybill <waybill@localhost.localdomain>';

  @Matches(/^(open|invite|domains:[a-z0-9.-]+(,[a-z0-9.-]+)*)$/i, {
    message: 'SIGNUP_POLICY must be open, invite, or domains:a.com,b.org',
  })
  SIGNUP_POLICY = 'open';

  @IsString()
  TRUST_PROXY = 'false';

  @IsString()
  CORS_ORIGINS = '';

  @Transform(number)
  @IsInt()
  @Min(1)
  LIVE_CONNECTIONS_PER_USER = 20;

  @Matches(/^[a-z0-9]+(,[a-z0-9]+)*$/i, {
    message: 'UPLOAD_DOCUMENT_TYPES must be a comma list of extensions',
  })
  UPLOAD_DOCUMENT_TYPES = 'pptx,docx,xlsx';

  @Transform(number)
  @IsInt()
  @Min(1)
  UPLOAD_DOCUMENT_MAX_BYTES = 100 * 1024 * 1024;

  @Matches(/^[a-z0-9]+(,[a-z0-9]+)*$/i, {
    message: 'UPLOAD_MEDIA_TYPES must be a comma list of extensions',
  })
  UPLOAD_MEDIA_TYPES = 'mp4,mov,webm,mkv,jpg,jpeg,png,heic,webp';

  @Transform(number)
  @IsInt()
  @Min(1)
  UPLOAD_MEDIA_MAX_BYTES = 500 * 1024 * 1024;

  @Transform(number)
  @IsInt()
  @Min(0)
  USER_QUOTA_BYTES = 0;

  @Transform(number)
  @IsInt()
  @Min(1)
  @Max(1000)
  UPLOADS_PER_USER = 100;

  @Transform(number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  UPLOADS_PER_INSTANCE = 400;

  @Transform(number)
  @IsInt()
  @Min(1024 * 1024)
  UPLOAD_BUFFER_BYTES = 64 * 1024 * 1024;

  @Transform(number)
  @IsInt()
  @Min(64 * 1024)
  UPLOAD_PART_BYTES = 32 * 1024 * 1024;

  @Transform(number)
  @IsNumber()
  @Min(0.1)
  UPLOAD_PART_SECONDS = 5;

  @Transform(number)
  @IsInt()
  @Min(1)
  UPLOAD_IDLE_SECONDS = 30;

  @Transform(number)
  @IsNumber()
  @Min(0.0001)
  UPLOAD_RESUME_HOURS = 24;

  @Transform(number)
  @IsInt()
  @Min(1)
  @Max(64)
  SEALING_CONCURRENCY = 2;

  @Transform(number)
  @IsInt()
  @Min(1)
  SEALING_ATTEMPTS = 8;

  @Transform(number)
  @IsNumber()
  @Min(0.01)
  SEALING_BACKOFF_SECONDS = 2;

  @Transform(number)
  @IsNumber()
  @Min(0.2)
  LEASE_SECONDS = 30;

  @Transform(number)
  @IsNumber()
  @Min(0.1)
  SWEEP_SECONDS = 5;

  @Transform(flag)
  @IsBoolean()
  WEBHOOK_ALLOW_HTTP = false;

  @Matches(/^\d{1,5}(,\d{1,5})*$/, { message: 'WEBHOOK_PORTS must be a comma list of ports' })
  WEBHOOK_PORTS = '443,8443';

  @Matches(/^([0-9a-f.:]+(\/\d{1,3})?(,[0-9a-f.:]+(\/\d{1,3})?)*)?$/i, {
    message: 'WEBHOOK_ALLOWED_NETWORKS must be a comma list of networks such as 10.1.0.0/16',
  })
  WEBHOOK_ALLOWED_NETWORKS = '';

  @Transform(number)
  @IsNumber()
  @Min(0.001)
  @Max(1)
  WEBHOOK_RETRY_SCALE = 1;

  // A try is another's to make half a minute after it was begun.
  @Transform(number)
  @IsNumber()
  @Min(0.1)
  @Max(25)
  WEBHOOK_TIMEOUT_SECONDS = 15;

  @Transform(number)
  @IsNumber()
  @Min(1)
  @Max(100)
  SWEEP_MAX_PERCENT = 50;

  @Transform(number)
  @IsNumber()
  @Min(0.001)
  RATE_LIMIT_SCALE = 1;

  /** The database keeps what is younger than seven days whatever is asked. */
  @Transform(number)
  @IsInt()
  @Min(7)
  @Max(36_500)
  AUDIT_RETENTION_DAYS = 365;

  @Transform(number)
  @IsInt()
  @Min(1)
  SHUTDOWN_SECONDS = 20;

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  LOG_LEVEL = 'info';

  @Transform(flag)
  @IsBoolean()
  API_DOCS = true;

  @IsOptional()
  @IsString()
  METRICS_TOKEN?: string;

  @Transform(number)
  @IsInt()
  @Min(0)
  @Max(65_534)
  METRICS_PORT = 0;

  @IsString()
  METRICS_HOST = '127.0.0.1';
}

/** Reads the environment; the answer has one sentence for each thing that is wrong with it, each naming its variable. */
export function readEnvironment(env: NodeJS.ProcessEnv): { environment: Environment; problems: string[] } {
  const known = new Environment();
  const names = [...new Set([...Object.keys(known), ...REQUIRED_NAMES, ...OPTIONAL_NAMES])];
  const given = Object.fromEntries(
    names.filter((name) => env[name]?.trim()).map((name) => [name, env[name]!.trim()]),
  );
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  const problems = validateSync(environment).map((error) =>
    given[error.property] === undefined
      ? `${error.property} is missing`
      : `${error.property} is wrong: ${Object.values(error.constraints ?? {}).join('; ')}`,
  );
  return { environment, problems };
}

const REQUIRED_NAMES = ['DATABASE_URL', 'REDIS_URL', 'KEYRING_FILE', 'JWT_SECRET', 'LINK_SECRET'];
const OPTIONAL_NAMES = ['PUBLIC_URL', 'STORAGE_DIR', 'SMTP_URL', 'METRICS_TOKEN'];

/** What must be said aloud in production, although it has a default elsewhere. */
export const PRODUCTION_NAMES = [
  'PUBLIC_URL',
  'SMTP_URL',
  'MAIL_FROM',
  'SIGNUP_POLICY',
  'DATA_DIR',
  ...REQUIRED_NAMES,
];

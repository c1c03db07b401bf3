/**
 * Whether the process of this container lives: `node docker/healthcheck.mjs [api|worker]`. Dependencies that are away
 * are no reason to restart it; whether requests are welcome is for /health/ready to say.
 */
const [kind = 'api'] = process.argv.slice(2);
const url =
  kind === 'worker'
    ? `http://127.0.0.1:${Number(process.env.METRICS_PORT) + 1}/health/live`
    : `http://127.0.0.1:${process.env.PORT ?? 3000}/api/health/live`;

try {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = status === 200 ? 0 : 1;
} catch {
  process.exitCode = 1;
}

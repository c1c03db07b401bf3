import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { verdict } from './row.mjs';

/** More than this many cores busy before it began make a row doubtful. */
const BACKGROUND_CORES = 0.3;

const MARKS = { wanted: 'as wanted', must: 'enough', missed: 'MISSED' };

/** @param {import('./row.mjs').Row} row @param {number} background cores that were busy before @returns {string} */
export function rowText({ title, contestants, goals, bottleneck, missing = [] }, background) {
  const width = Math.max(...contestants.map(({ name }) => name.length));
  return [
    title,
    ...contestants.map(({ name, value, unit, cpuPerGiB, peakMiB }) =>
      [
        `  ${name.padEnd(width)}  ${figure(value).padStart(8)} ${unit.padEnd(10)}`,
        cpuPerGiB && `  ${cpuPerGiB.toFixed(2)} CPU-s/GiB`,
        peakMiB && `  peak ${peakMiB.toFixed(0)} MiB`,
      ]
        .filter(Boolean)
        .join(''),
    ),
    ...goals.map((goal) => `  → ${goalText(goal)}`),
    ...(bottleneck ? [`  limited by ${bottleneck}`] : []),
    ...(background > BACKGROUND_CORES
      ? [`  doubtful: something else kept ${background.toFixed(1)} cores busy when this began`]
      : []),
    ...missing.map((what) => `  not measured: ${what}`),
    '',
  ].join('\n');
}

/** @param {import('./row.mjs').Goal} goal */
function goalText(goal) {
  const { name, value, unit, must, wanted, atMost } = goal;
  const sign = atMost ? '≤' : '≥';
  const limits = [`must ${sign} ${must}`, wanted !== undefined && `wanted ${sign} ${wanted}`].filter(Boolean);
  return `${name}: ${value.toFixed(unit === '×' ? 2 : 1)} ${unit} (${limits.join(', ')}): ${MARKS[verdict(goal)]}`;
}

/** @param {number} value */
const figure = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

/** Where the numbers come from, for whoever reads them later. */
export function machine() {
  return {
    when: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.version,
    openssl: process.versions.openssl,
    commit: commit(),
  };
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: new URL('.', import.meta.url),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

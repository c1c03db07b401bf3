import { readFileSync } from 'node:fs';

/** The same for whoever starts the product: launcher, bench, tests; the image is compared with it by a test. */
const SETTINGS = JSON.parse(readFileSync(new URL('process-memory.json', import.meta.url), 'utf8'));

/**
 * What node and glibc's malloc are told of memory, which they only hear in the environment that a process is started
 * with. The young generation is to grow to 4 MiB, not 16; buffers outside the heap gather up to 32 MiB whatever it is. One
 * arena of malloc leaves fewer holes than many. In the worker malloc keeps large buffers, up to 32 MiB,
 * rather than give them back after each segment.
 * @param {'api' | 'worker'} name @param {NodeJS.ProcessEnv} env whose settings win @returns {NodeJS.ProcessEnv}
 */
export function withMemorySettings(name, env) {
  const ours = SETTINGS[name];
  const options = [ours.NODE_OPTIONS, env.NODE_OPTIONS].filter(Boolean).join(' ');
  return { ...ours, ...env, NODE_OPTIONS: options };
}

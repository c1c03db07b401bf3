import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is to happen in a process at moments of its work; `moments-preload.cjs` says which there are. */
export interface Moments {
  /** A file that all moments are written to, in their order. */
  log?: string;
  /** The process is killed (SIGKILL) when it reaches the moment for the nth time; the first by default. */
  crash?: { at: string; nth?: number };
  /** The process is stopped (SIGSTOP) there, as one that the machine has forgotten. */
  freeze?: { at: string; nth?: number };
  /** Every such operation fails with that error of the system. */
  fail?: { operation: string; code: string };
}

/** The environment in which a process of the product has these moments. */
export function withMoments(moments: Moments): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--require ${JSON.stringify(join(__dirname, 'moments-preload.cjs'))}`,
    WAYBILL_TEST_MOMENTS: JSON.stringify(moments),
  };
}

/** Whether a process was stopped by SIGSTOP. */
export function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

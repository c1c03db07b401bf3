import type { Database } from '@waybill/platform/database';
import type { Outbox } from '@waybill/platform/events';
import type { Keyring } from '@waybill/platform/keyring';
import type { ObjectStores } from '@waybill/platform/storage';
import type { Finding, Remedy, Warning } from './finding';
import type { SegmentBuffers } from './sealed-object';

export interface FsckOptions {
  /** Looks at sizes and rows, and reads no object. */
  fast: boolean;
  /** The only file to look at, with its upload; null for everything. */
  fileId: string | null;
  /** Does what can be done about the findings. Deletes no bytes and touches nothing live. */
  repair: boolean;
  /** Repairs also when so much looks wrong that database and store are likely not of the same time. */
  force: boolean;
}

/** What was looked at. */
export interface Tally {
  files: number;
  uploads: number;
  /** Objects and unfinished writes that the store listed. */
  listed: number;
  /** Bytes of ciphertext that were read and verified. */
  verifiedBytes: number;
  dead: number;
  writing: number;
}

/** Where the work stands, for whoever waits. */
export interface Progress {
  /** What there is to look at, roughly: it changes meanwhile. */
  expect(objects: number, bytes: number): void;
  phase(name: string): void;
  advance(objects: number, bytes: number): void;
}

/** What every check works with. */
export interface FsckContext {
  database: Database;
  stores: ObjectStores;
  keyring: Keyring;
  outbox: Outbox;
  options: FsckOptions;
  buffers: SegmentBuffers;
  progress: Progress;
  tally: Tally;
  report(finding: Finding, remedy?: Remedy): void;
  warn(warning: Warning): void;
}

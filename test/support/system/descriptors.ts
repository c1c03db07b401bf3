import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** The open descriptors of a process (Linux). */
export interface Descriptors {
  /** Files, pipes and the like, by what /proc says that they are. */
  files: string[];
  /** Connections that are in use, or listened for. */
  connections: number;
  /** Connections that the other side has ended and this one still holds: what a forgotten socket looks like. */
  halfClosed: number;
}

/** States of /proc/net/tcp (include/net/tcp_states.h). */
const CLOSE_WAIT = '08';

export function openDescriptors(pid: number): Descriptors {
  const states = socketStates(pid);
  const found: Descriptors = { files: [], connections: 0, halfClosed: 0 };
  for (const target of targets(pid)) {
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode === undefined) found.files.push(target);
    else if (states.get(inode) === CLOSE_WAIT) found.halfClosed += 1;
    else found.connections += 1;
  }
  found.files.sort();
  return found;
}

function targets(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))];
    } catch {
      return []; // closed meanwhile
    }
  });
}

function socketStates(pid: number): Map<string, string> {
  const states = new Map<string, string>();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[9] !== undefined) states.set(fields[9], fields[3]!);
    }
  }
  return states;
}

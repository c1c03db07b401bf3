import type { LiveRecord } from './live-record';
import { progressView, type ProgressFacts, type ProgressView } from './progress-view';

/** One thing to show, and the id by which whoever has seen it can go on from there. */
export interface ProgressFrame {
  id: string;
  view: ProgressView;
}

/** What a viewer had last seen, as the id of that frame tells. */
export interface SeenFrame {
  run: string;
  bytes: number;
  status: string;
}

const NO_RUN = '-';
const FRAME_ID = /^[0-9a-z]{1,12}\.([0-9a-f]{12}|-)\.(\d{1,16})\.([a-z]{1,16})$/;

/** Null for what is no id of a frame. */
export function seenFrame(id: string | undefined): SeenFrame | null {
  const [, run, bytes, status] = FRAME_ID.exec(id ?? '') ?? [];
  return run === undefined ? null : { run, bytes: Number(bytes), status: status! };
}

/**
 * Shows one upload to one viewer: frame after frame, each only when it says something new, and within one transfer never
 * fewer bytes than before, whatever the instances know that he came through.
 */
export class ProgressViewer {
  private seen: SeenFrame | null;
  private last = '';

  /** @param seen what he saw elsewhere, before he came here. */
  constructor(seen: SeenFrame | null = null) {
    this.seen = seen;
  }

  /** Null when there is nothing new to show. */
  next(facts: ProgressFacts, live: LiveRecord | null, now: Date): ProgressFrame | null {
    const view = progressView(facts, this.atLeastSeen(facts, live), now);
    const { lastUpdateTime, ...shown } = view;
    const text = JSON.stringify(shown);
    if (text === this.last) return null;
    this.last = text;
    const run = live?.run ?? this.seen?.run ?? NO_RUN;
    this.seen = { run, bytes: view.bytesUploaded, status: view.status };
    const at = Date.parse(lastUpdateTime).toString(36);
    return { id: `${at}.${run}.${view.bytesUploaded}.${view.status}`, view };
  }

  private atLeastSeen({ door, status }: ProgressFacts, live: LiveRecord | null): LiveRecord | null {
    const { seen } = this;
    if (!seen || !live || live.phase !== 'transfer' || live.run !== seen.run) return live;
    const mayGoBack = live.ended && status === 'uploading' && door === 'tus';
    return mayGoBack || live.bytes >= seen.bytes ? live : { ...live, bytes: seen.bytes };
  }
}

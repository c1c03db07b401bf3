import type { ProgressFacts } from './progress-view';

/** What rows know of uploads. Uploads provide it, globally: progress knows them by this alone. */
export abstract class ProgressSource {
  /** Those of the uploads that there are. */
  abstract find(uploadIds: string[]): Promise<ProgressFacts[]>;

  /** What these users are uploading, or what is being made of it, right now. */
  abstract openOf(ownerIds: string[]): Promise<ProgressFacts[]>;
}

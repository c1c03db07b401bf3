import { Global, Module } from '@nestjs/common';
import { LiveCounters } from './live-counters';
import { LiveProgress } from './live-progress';
import { OwnerProgress } from './owner-progress';
import { ProgressBoard } from './progress-board';
import { ProgressStreams } from './progress-streams';

/** Counts what runs: for every process that receives or seals. */
@Global()
@Module({ providers: [LiveCounters, LiveProgress], exports: [LiveProgress] })
export class ProgressModule {}

/** Lets it be watched. Needs a `ProgressSource`. */
@Global()
@Module({
  imports: [ProgressModule],
  providers: [ProgressBoard, ProgressStreams, OwnerProgress],
  exports: [ProgressBoard, ProgressStreams, OwnerProgress],
})
export class ProgressBoardModule {}

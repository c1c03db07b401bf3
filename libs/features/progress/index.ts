export { LiveProgress } from './live-progress';
export type { LivePhase, LiveRecord } from './live-record';
export { OwnerProgress } from './owner-progress';
export { ProgressStreams } from './progress-streams';
export { ProgressSource } from './progress-source';
export { ProgressBoardModule, ProgressModule } from './progress.module';
export { isFinal, progressView, type ProgressFacts, type ProgressView } from './progress-view';
export { ProgressViewer, seenFrame, type ProgressFrame } from './progress-viewer';

export { progressView, type ProgressFacts, type ProgressView } from './progress-view';

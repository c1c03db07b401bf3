export {
  evaluateConditional,
  ifRangeMatches,
  type ConditionalHeaders,
  type ConditionalOutcome,
  type ConditionalSubject,
} from './conditional';
export { contentRange, parseRange, unsatisfiedContentRange, type RequestedRange } from './range';

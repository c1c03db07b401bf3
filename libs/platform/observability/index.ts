export { captureConsole } from './capture-console';
export { describeError, type ErrorDescription } from './describe-error';
export { Drain } from './drain';
export { HttpMetrics, type AnsweredRequest } from './http-metrics';
export { maskPath } from './mask-path';
export { Metrics, type OwnMetric, type OwnValue } from './metrics';
export { ObservabilityModule } from './observability.module';
export { bearerIs, OperationsServer, type OperationsServerOptions } from './operations-server';
export { ReadinessChecks, type Readiness, type ReadinessCheck } from './readiness';
export { redact } from './redact';
export {
  currentRequest,
  parseTraceparent,
  runInRequest,
  setRequestSubject,
  setRequestUser,
  type RequestContext,
  type TraceParent,
} from './request-context';
export type { RequestEntry } from './request-line';
export { WaybillLogger, type LoggerOptions } from './waybill-logger';

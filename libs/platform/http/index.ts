export {
  CurrentPrincipal,
  Public,
  PUBLIC,
  PUBLIC_OPERATION,
  Roles,
  ROLES_ALLOWED,
  Scope,
  SCOPES_ACCEPTED,
  type AuthenticatedRequest,
} from './access';
export { AcceptsForm } from './body/intake.guard';
export { UuidParam } from './body/uuid-param.pipe';
export { configureHttp, setPrefix } from './configure-http';
export { HttpModule } from './http.module';
export { addressKey } from './limits/address-key';
export { RateLimitGuard } from './limits/rate-limit.guard';
export { rateLimited, RateLimiter, type RateLimitPolicy, type RateLimitState } from './limits/rate-limiter';
export {
  RateLimit,
  RequestLimits,
  Transfer,
  Uncounted,
  UploadStart,
  type RateLimitSubject,
  type RouteRateLimit,
} from './limits/request-limits';
export { EventStream, type ServerEvent } from './live/event-stream';
export { LiveConnections, type LiveKind } from './live/live-connections';
export { LiveModule } from './live/live.module';
export { PrincipalWatch } from './live/principal-watch';
export { ApiProblems, problemExample, problemResponse, type ProblemAnswer } from './openapi/api-problems';
export { Problem } from './openapi/problem.dto';
export { answerPage, cameFromForm, pathUnder, type Page } from './pages/answer-page';
export { html, Html } from './pages/html';
export { sendPage } from './pages/page';
export { wantsPage } from './pages/wants-page';
export { CursorCodec, type CursorPosition } from './paging/cursor-codec';
export { Paged } from './paging/paged';
export { PageQuery } from './paging/page-query.dto';
export { PrincipalSource, type AccountPrincipal } from './principal-source';
export { classify } from './problems/classify';
export { PROBLEMS } from './problems/problem-catalogue';
export { EMAIL_MAX_LENGTH, isEmailAddress } from './request/email-address';
export { fromOwnPage } from './request/own-page';
export { textProblem } from './request/text';
export { SECURITY_HEADERS } from './request/security-headers';

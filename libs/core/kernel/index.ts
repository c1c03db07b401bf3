export { AppError, isAppError, type AppErrorOptions, type FieldError } from './app-error';
export { Clock, ManualClock, SystemClock } from './clock';
export { ERROR_CODES, type ErrorCode } from './error-codes';
export { Gate, type GateOptions } from './gate';
export { Gathering } from './gathering';
export { boundHeapGrowth } from './heap-growth';
export { isUuid, uuidv7 } from './ids';
export { PAGE_BYTES, isPageAligned, pageAlignedBuffer } from './page-aligned';
export { releaseMemory } from './released-memory';
export { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, type Page } from './page';
export {
  ROLES,
  SCOPES,
  mayUpload,
  type ApiKeyRef,
  type Principal,
  type Role,
  type Scope,
  type UserPrincipal,
} from './principal';

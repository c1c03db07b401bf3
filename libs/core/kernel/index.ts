export { AppError, isAppError, type AppErrorOptions, type FieldError } from './app-error';
export { Clock, ManualClock, SystemClock } from './clock';
export { ERROR_CODES, type ErrorCode } from './error-codes';
export { isUuid, uuidv7 } from './ids';
export { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, type Page } from './page';
export { ROLES, mayUpload, type Principal, type Role, type UserPrincipal } from './principal';

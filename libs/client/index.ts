export type { Session } from './credentials';
export { isProblem, ProblemError, UnexpectedAnswer, type ErrorCode, type Problem } from './problem-error';
export type { components, operations, paths } from './schema';
export type { FileAttributes, Visibility } from './upload-form';
export {
  createWaybillClient,
  newIdempotencyKey,
  UploadEnded,
  type FileInfo,
  type FileQuery,
  type FollowOptions,
  type UploadOptions,
  type UploadProgress,
  type UploadReceipt,
  type User,
  type WaybillClient,
  type WaybillClientOptions,
} from './waybill-client';

export type { Session } from './credentials';
export { Persistence, type PersistenceOptions } from './persistence';
export { isProblem, ProblemError, UnexpectedAnswer, type ErrorCode, type Problem } from './problem-error';
export { resumableUpload, type ResumableSource, type ResumableUploadOptions } from './resumable-upload';
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

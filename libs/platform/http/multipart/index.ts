export { DEFAULT_MULTIPART_LIMITS, type MultipartLimits } from './limits';
export type { FilePartInfo, MultipartHandler } from './multipart-handler';
export { MultipartParser } from './multipart-parser';

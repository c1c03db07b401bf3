export type { RawAnswer } from './answer-reader';
export { BOUNDARY, field, filePart, form, part, uploadHead } from './form';
export { RawConnection, rawRequest, requestHead } from './raw-connection';

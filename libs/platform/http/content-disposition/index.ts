export { attachmentDisposition } from './attachment-disposition';
export { safeName } from './safe-name';

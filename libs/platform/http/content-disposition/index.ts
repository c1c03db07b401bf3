export { attachmentDisposition } from './attachment-disposition';

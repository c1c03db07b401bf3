export { OpenPatch } from './open-patch';
export { metadata, TUS, TusClient, uploadIdOf, type TusHeaders } from './tus-client';

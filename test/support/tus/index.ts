export { OpenPatch } from './open-patch';
export { metadata, TUS, TusClient, uploadIdOf, type TusHeaders } from './tus-client';
export { UnreliableProxy } from './unreliable-proxy';
export { uploadByTusJs, type TusJsOptions } from './tus-js';
export { uploadThroughKills, type KillTrial } from './kill-trial';

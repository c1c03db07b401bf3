export { ApiClient, type Answer, type UploadOptions } from './api-client';
export { AppProcess } from './app-process';
export { freePort } from './ports';
export { TestSystem, type SystemOptions, type TestUser } from './test-system';
export { waitFor } from './wait-for';

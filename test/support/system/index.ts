export { ApiClient, type Answer, type UploadOptions } from './api-client';
export { AppProcess, type Exit } from './app-process';
export { assertInvariants } from './invariants';
export { withMoments, type Moments } from './moments';
export { OwnServices } from './own-services';
export { freePort } from './ports';
export { keyOf, TestSystem, type SystemOptions, type TestUser } from './test-system';
export { waitFor } from './wait-for';

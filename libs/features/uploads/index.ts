export { UploadReconciler } from './upload-reconciler';
export { UploadsModule, UploadsWorkerModule } from './uploads.module';
export { nameTusVersion } from './tus/tus-version';

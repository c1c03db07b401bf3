export { GrantedFiles, type GrantedFile } from './granted-files';
export { MailPlanner } from './mail-planner';
export { MailReconciler } from './mail-reconciler';
export { NotificationsModule, NotificationsWorkerModule } from './notifications.module';

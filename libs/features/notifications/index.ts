export { GrantedFiles, type GrantedFile } from './granted-files';
export { MailPlanner } from './mail-planner';
export { MailReconciler } from './mail-reconciler';
export { NotificationsApiModule, NotificationsWorkerModule } from './notifications.module';
export { WebhookPlanner } from './webhooks/webhook-planner';
export { WebhookReconciler } from './webhooks/webhook-reconciler';
export { LiveUploads } from './sockets/live-uploads';

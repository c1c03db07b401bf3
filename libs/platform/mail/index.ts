export { MailModule } from './mail.module';
export { Mailer, type OutgoingMail } from './mailer';

import { Module } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { FileMailer } from './file.mailer';
import { Mailer } from './mailer';
import { SmtpMailer } from './smtp.mailer';

/** Gives `Mailer`: by SMTP where `SMTP_URL` is set (in production it must be), else into `DATA_DIR/mail`. */
@Module({
  providers: [
    {
      provide: Mailer,
      inject: [AppConfig],
      useFactory: ({ mail }: AppConfig): Mailer =>
        mail.smtpUrl === null ? new FileMailer(mail.dir, mail.from) : new SmtpMailer(mail.smtpUrl, mail.from),
    },
  ],
  exports: [Mailer],
})
export class MailModule {}

import { Injectable } from '@nestjs/common';
import type { AnyCommittedEvent } from '@waybill/core/contracts';
import { uuidv7 } from '@waybill/core/kernel';
import { EventFeed } from '@waybill/platform/events';
import { JobQueue } from '@waybill/platform/queue';
import { MailRepository, type NewMail } from './mail.repository';

const READER = 'mail';
const BATCH = 200;

/** Reads the feed and writes down which mails are owed. What was written is sent, whatever dies in between. */
@Injectable()
export class MailPlanner {
  constructor(
    private readonly feed: EventFeed,
    private readonly mails: MailRepository,
    private readonly jobs: JobQueue,
  ) {}

  /** Plans the mails of all events that are new in the feed; tells how many events that were. */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      const planned: NewMail[] = [];
      const consumed = await this.feed.advance(READER, BATCH, async (tx, events) => {
        for (const event of events) {
          const mail = mailFor(event);
          if (mail === null) continue;
          await this.mails.insert(tx, mail);
          planned.push(mail);
        }
      });
      // Only now, after the commit, does a worker find the row.
      for (const { id } of planned) {
        const taken = await this.jobs.enqueue({ name: 'mail.send', data: { mailId: id, attempt: 0 } });
        if (!taken) break; // Redis is away; the reconciler makes the jobs later.
      }
      total += consumed;
      if (consumed < BATCH) return total;
    }
  }
}

/** The mail that an event brings, or null. */
function mailFor(event: AnyCommittedEvent): NewMail | null {
  switch (event.type) {
    case 'user.confirmation_requested':
      return {
        id: uuidv7(),
        eventId: event.id,
        recipientId: event.data.userId,
        template: 'confirm',
        data: { tokenId: event.data.tokenId },
      };
    case 'user.password_reset_requested':
      return {
        id: uuidv7(),
        eventId: event.id,
        recipientId: event.data.userId,
        template: 'reset',
        data: { tokenId: event.data.tokenId },
      };
    case 'file.granted':
      return {
        id: uuidv7(),
        eventId: event.id,
        recipientId: event.data.userId,
        template: 'file-granted',
        data: { fileId: event.data.fileId },
      };
    case 'file.expiring':
      return event.ownerId === null
        ? null
        : {
            id: uuidv7(),
            eventId: event.id,
            recipientId: event.ownerId,
            template: 'file-expiring',
            data: { fileId: event.data.fileId },
          };
    case 'user.invited':
      return {
        id: uuidv7(),
        eventId: event.id,
        // Nobody has an account yet: the mail goes to whom the invitation names.
        recipientId: event.data.invitationId,
        template: 'invitation',
        data: { invitationId: event.data.invitationId },
      };
    default:
      return null;
  }
}

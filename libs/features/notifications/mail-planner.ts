import { Injectable } from '@nestjs/common';
import type { AnyCommittedEvent } from '@waybill/core/contracts';
import { uuidv7 } from '@waybill/core/kernel';
import type { Tx } from '@waybill/platform/database';
import { EventFeed } from '@waybill/platform/events';
import { JobQueue } from '@waybill/platform/queue';
import { MailRepository, type GatheringMail, type NewMail } from './mail.repository';
import { MutedMailRepository } from './preferences/muted-mail.repository';

const READER = 'mail';
const BATCH = 200;
/** Who hands a file to a thousand people is not mailed a thousand times. */
const GATHER_SECONDS = 60 * 60;

/**
 * Reads the feed and writes down which mails are owed. What was written is sent, whatever dies in between. Who is deleted
 * gets no mails any more, and what he wanted of them is forgotten.
 */
@Injectable()
export class MailPlanner {
  constructor(
    private readonly feed: EventFeed,
    private readonly mails: MailRepository,
    private readonly muted: MutedMailRepository,
    private readonly jobs: JobQueue,
  ) {}

  /** Plans the mails of all events that are new in the feed; tells how many events that were. */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      const planned: { id: string; delayMs?: number }[] = [];
      const consumed = await this.feed.advance(READER, BATCH, async (tx, events) => {
        const departed = events.flatMap((event) =>
          event.type === 'user.deleted' ? [event.data.userId] : [],
        );
        if (departed.length > 0) await this.muted.forget(tx, departed);
        for (const event of events) {
          const mail = mailFor(event);
          if (mail === null) continue;
          const delayMs = await this.write(tx, mail);
          if (delayMs !== null) planned.push({ id: mail.id, delayMs });
        }
      });
      // Only now, after the commit, does a worker find the row.
      for (const { id, delayMs } of planned) {
        const taken = await this.jobs.enqueue({
          name: 'mail.send',
          data: { mailId: id, attempt: 0 },
          delayMs,
        });
        if (!taken) break; // Redis is away; the reconciler makes the jobs later.
      }
      total += consumed;
      if (consumed < BATCH) return total;
    }
  }

  /** Tells in how many milliseconds the mail is due; null when there is none more than before. */
  private async write(tx: Tx, mail: NewMail | GatheringMail): Promise<number | null> {
    if ('subjectId' in mail) {
      const seconds = await this.mails.gather(tx, mail, GATHER_SECONDS);
      return seconds === null ? null : Math.ceil(seconds * 1000);
    }
    await this.mails.insert(tx, mail);
    return 0;
  }
}

/** The mail that an event brings, or null. */
function mailFor(event: AnyCommittedEvent): NewMail | GatheringMail | null {
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
    case 'file.downloaded':
      return ofDownload(event, event.data.fileId);
    case 'share.downloaded': {
      const { fileIds, shareId } = event.data;
      return ofDownload(event, fileIds.length === 1 ? fileIds[0]! : shareId);
    }
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

/** What was downloaded, by whatever way, is told of together. */
function ofDownload(event: AnyCommittedEvent, subjectId: string): GatheringMail | null {
  if (event.ownerId === null) return null;
  return {
    id: uuidv7(),
    eventId: event.id,
    recipientId: event.ownerId,
    template: 'file-downloaded',
    subjectId,
    data: {},
  };
}

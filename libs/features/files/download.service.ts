import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppError, isAppError } from '@waybill/core/kernel';
import type { Content } from './content';
import { CountedSending } from './deliveries/counted-sending';
import { DeliveryClients } from './deliveries/delivery-clients';
import { DeliveryLedger, type Announcement, type OrderToAdmit } from './deliveries/delivery-ledger';
import { isExhausted, type Countable } from './deliveries/delivery.policy';
import { answerBytes, type BytesAnswer } from './file-bytes';
import { assertSound } from './file.policy';
import { RangeSender, UNCOUNTED, type SendingAccount, type SendOutcome } from './vault';

/** Whose delivery it is, and what is to be told when it has ended. */
export interface Counting {
  /** What is charged beside the files; null for a download by a user. */
  share: (Countable & { id: string }) | null;
  userId: string | null;
  announce: Announcement;
}

/** Hands out bytes to whoever was found to have access to them, and has each delivery counted. */
@Injectable()
export class DownloadService {
  private readonly log = new Logger(DownloadService.name);

  constructor(
    private readonly sender: RangeSender,
    private readonly ledger: DeliveryLedger,
    private readonly clients: DeliveryClients,
  ) {}

  /**
   * Answers a GET or HEAD for bytes, up to the end of the transfer.
   *
   * @param counting null for whoever may download as often as he likes: the owner.
   * @throws AppError what the conditions or the vault refuse with; `GONE` when no slot is left. When the answer had
   * begun, its connection was destroyed before.
   */
  async answer(
    request: Request,
    response: Response,
    content: Content,
    counting: Counting | null,
  ): Promise<void> {
    content.files.forEach(assertSound);
    const exhausted =
      counting !== null &&
      (content.files.some(isExhausted) || (counting.share !== null && isExhausted(counting.share)));
    const answer = orGone(exhausted, () => answerBytes(request.method, request.headers, content.is));
    if (answer.range === null) {
      begin(response, answer);
      response.end();
      return;
    }
    if (counting === null) {
      await this.send(response, content, answer, UNCOUNTED);
      return;
    }
    const order = this.order(request, content, answer, counting, exhausted);
    await this.ledger.admit(order, response);
    if (response.destroyed) return;
    const account = new CountedSending(this.ledger, order, counting.announce, request.socket);
    let outcome: SendOutcome | 'broken' = 'broken';
    try {
      outcome = await this.send(response, content, answer, account);
    } finally {
      await account.end(outcome);
    }
  }

  private async send(
    response: Response,
    content: Content,
    answer: BytesAnswer,
    account: SendingAccount,
  ): Promise<SendOutcome> {
    try {
      const source = await content.open(answer.range!);
      return await this.sender.send(response, source, () => begin(response, answer), account);
    } catch (error) {
      // Nothing can be said to the client any more, so it is said here.
      if (response.headersSent) this.log.error(`The download of ${name(content)} was broken off`, error);
      throw error;
    }
  }

  private order(
    request: Request,
    { files, is }: Content,
    { status, range }: BytesAnswer,
    { share, userId }: Counting,
    exhausted: boolean,
  ): OrderToAdmit {
    return {
      subjectId: share?.id ?? files[0]!.id,
      shareId: share?.id ?? null,
      fileIds: files.map(({ id }) => id),
      userId,
      client: this.clients.of(request, userId),
      // What is empty has a delivery all the same: it counts as a byte.
      size: Math.max(1, is.size),
      length: Math.max(1, range!.end - range!.start),
      ranged: status === 206,
      continues: status === 206 && range!.start > 0,
      last: range!.end === is.size,
      exhausted,
    };
  }
}

/** What takes no slot is no delivery; but where none is left, nothing is told of the bytes any more. */
function orGone(exhausted: boolean, evaluate: () => BytesAnswer): BytesAnswer {
  if (!exhausted) return evaluate();
  try {
    const answer = evaluate();
    if (answer.status === 206) return answer; // It may be part of a delivery that was counted.
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
  throw new AppError('GONE', 'It was downloaded as often as it may be.');
}

function begin(response: Response, { status, headers }: BytesAnswer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function name({ files }: Content): string {
  return files.length === 1 ? `file ${files[0]!.id}` : `${files.length} files`;
}

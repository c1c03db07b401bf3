import type { IncomingMessage } from 'node:http';
import { AppError, releaseMemory } from '@waybill/core/kernel';
import { classify } from '@waybill/platform/http';
import { MultipartParser, type FilePartInfo, type MultipartHandler } from '@waybill/platform/http/multipart';
import type { StagingWriter } from '../staging/staging-writer';
import type { OpenUpload } from '../upload.service';
import type { ReceivedUpload } from '../whole/whole-uploads.service';
import { ObservedForm, type FormObserver } from './form-observer';
import { SenderPace } from './sender-pace';

/** The bytes of a form that are not the file: boundaries, part headers, fields. */
const FORM_OVERHEAD_BYTES = 512 * 1024;

/** A small form comes with one or two packets; whoever takes longer shows progress, and can be cancelled, like any other. */
const WHOLE_WITHIN_MS = 100;

export type FormField = readonly [name: string, value: string];

/** What takes the bytes of the file, stopped and going on as `StagingWriter` is. */
export interface FormWriter {
  /** Takes the next bytes, whose memory may be used again at once. */
  write(chunk: Buffer): boolean;
  abandon(): Promise<void>;
}

/** What a door does with the one file of its form. */
export interface FormDoor<
  Upload extends object = OpenUpload,
  Writer extends FormWriter = StagingWriter,
  Whole extends object = ReceivedUpload,
> {
  maxBytes: number;
  /** How long a sender may stay silent, or bring next to nothing. */
  idleMs: number;
  /** Asked before the body is read, of which so many bytes at least will be the file's. Throws what refuses it. */
  admit(leastBytes: number): Promise<void>;
  /**
   * Judges what is declared, and begins the upload. Throws what refuses the file before anything was accepted.
   *
   * @param fields those that came before the file.
   */
  begin(file: FilePartInfo, estimatedBytes: number | null, fields: readonly FormField[]): Promise<Upload>;
  /** What the door does with a small file whose form came at once; absent where it does nothing special. */
  whole?: {
    /** Of the body of such a form. */
    maxBytes: number;
    /** Judges all of it and takes it; null where it is to be begun and written like any other. */
    take(file: FilePartInfo, content: readonly Buffer[], fields: readonly FormField[]): Promise<Whole | null>;
  };
  write(upload: Upload, on: { drain: () => void; error: (error: unknown) => void }): Writer;
  /** Everything has come: judges the fields, commits what is left of the file. */
  finish(upload: Upload, writer: Writer, file: FilePartInfo, fields: readonly FormField[]): Promise<void>;
  /** The upload began and came to nothing. */
  fail(upload: Upload, failureCode: string): Promise<void>;
  /** Makes the transfer stoppable from elsewhere until the answered function is called. */
  stoppable(upload: Upload, stop: () => void): () => void;
}

/**
 * Receives one form: parses the body as it comes, hands the file's bytes to staging and stops the client when staging
 * is behind. No Node stream stands between socket and disk. However it ends, the writer has let go of what it held.
 *
 * A small form is kept until it is whole, for a moment: most are, and cost far less then (`FormDoor.whole`).
 */
export class MultipartReception<
  Upload extends object = OpenUpload,
  Writer extends FormWriter = StagingWriter,
  Whole extends object = ReceivedUpload,
> implements MultipartHandler {
  private readonly parser: MultipartParser;
  private readonly fields: FormField[] = [];
  private upload: Upload | null = null;
  private writer: Writer | null = null;
  private beginning: Promise<void> | null = null;
  /** Begins the upload if the form is not whole by then. */
  private beginSoon: NodeJS.Timeout | null = null;
  /** What of the file came while its upload was being begun. */
  private early: Buffer[] = [];
  private file: FilePartInfo | null = null;
  private fileBytes = 0;
  private readonly pace: SenderPace;
  private failed = false;
  private reject!: (error: unknown) => void;
  private notStoppable: (() => void) | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly door: FormDoor<Upload, Writer, Whole>,
    private readonly observer?: FormObserver,
  ) {
    const declared = this.declaredLength();
    if (declared !== null && declared > door.maxBytes + FORM_OVERHEAD_BYTES) throw this.tooLarge();
    const handler = observer ? new ObservedForm(observer, this) : this;
    this.parser = new MultipartParser(request.headers['content-type'] ?? '', handler);
    this.pace = new SenderPace(door.idleMs, () => this.reject(new Interrupted()));
    this.pace.pause();
  }

  /** Resolves with the upload when the whole form was taken; rejects with what refused or broke it. */
  async receive(): Promise<Upload | Whole> {
    let stopListening: (() => void) | undefined;
    try {
      const leastBytes = (this.declaredLength() ?? 0) - FORM_OVERHEAD_BYTES;
      if (leastBytes > 0) await this.door.admit(leastBytes);
      await new Promise<void>((resolve, reject) => {
        this.reject = reject;
        this.pace.resume();
        stopListening = this.listen(resolve);
      });
      this.parser.end();
      this.observer?.onFormEnd();
      const whole = await this.takeWhole();
      if (whole) return whole;
      await this.beginning;
      if (!this.upload || !this.writer || !this.file) throw missingFile();
      await this.door.finish(this.upload, this.writer, this.file, this.fields);
      return this.upload;
    } catch (error) {
      this.failed = true;
      this.pause();
      await this.giveUp(error);
      throw error;
    } finally {
      // Who broke off is remembered by his request for as long as that lives.
      this.early = [];
      clearTimeout(this.beginSoon ?? undefined);
      this.pace.stop();
      stopListening?.();
      this.notStoppable?.();
    }
  }

  onField(name: string, value: string): void {
    this.fields.push([name, value]);
  }

  onFile(info: FilePartInfo): void {
    if (info.name !== 'file') {
      throw new AppError('VALIDATION_FAILED', 'The file belongs into the part "file".', {
        errors: [{ pointer: info.name, detail: 'This part takes no file.' }],
      });
    }
    if (this.file) throw new AppError('VALIDATION_FAILED', 'A form brings one file.');
    this.file = info;
    if (this.mayComeWhole()) this.beginSoon = setTimeout(() => this.beginNow(info), WHOLE_WITHIN_MS);
    else this.beginNow(info);
  }

  onFileData(chunk: Buffer): void {
    this.fileBytes += chunk.length;
    if (this.fileBytes > this.door.maxBytes) throw this.tooLarge();
    if (!this.writer) this.early.push(chunk);
    else if (!this.writer.write(chunk)) this.pause();
  }

  onFileEnd(): void {
    // The upload is complete when the form is: what follows the file may still refuse it.
  }

  private mayComeWhole(): boolean {
    const { whole } = this.door;
    return whole !== undefined && (this.declaredLength() ?? Infinity) <= whole.maxBytes;
  }

  /** Takes a form that was whole before its upload was begun; null where there is no such form. */
  private async takeWhole(): Promise<Whole | null> {
    if (!this.beginSoon || this.beginning || !this.file) return null;
    clearTimeout(this.beginSoon);
    const whole = await this.door.whole!.take(this.file, this.early, this.fields);
    if (!whole) this.beginNow(this.file);
    return whole;
  }

  private beginNow(info: FilePartInfo): void {
    this.pause();
    this.beginning = this.begin(info);
    this.beginning.catch((error: unknown) => this.reject(error));
  }

  private async begin(info: FilePartInfo): Promise<void> {
    const upload = await this.door.begin(info, this.declaredLength(), this.fields);
    this.upload = upload;
    this.notStoppable = this.door.stoppable(upload, () => this.reject(stopped()));
    this.writer = this.door.write(upload, {
      drain: () => this.resume(),
      error: (error) => this.reject(error),
    });
    if (this.failed) return;
    const early = this.early;
    this.early = [];
    // All of them, whatever the answers: they are here already. The last answer tells whether more may come.
    const room = early.map((chunk) => this.writer!.write(chunk)).at(-1) ?? true;
    if (room) this.resume();
  }

  private listen(resolve: () => void): () => void {
    const { request } = this;
    const onData = (chunk: Buffer): void => {
      this.pace.received(chunk.length);
      try {
        this.parser.write(chunk);
        // The parser keeps no bytes of it, and the writer has copied them; only what waits for a writer is still wanted.
        if (this.early.length === 0) releaseMemory(chunk);
      } catch (error) {
        this.pause();
        this.reject(error);
      }
    };
    const onClose = (): void => this.reject(new Interrupted());
    request.on('data', onData).once('end', resolve).once('close', onClose).on('error', onClose);
    // Whoever left while he was still being asked who he is closes no second time.
    if (request.destroyed) onClose();
    return () => {
      request.off('data', onData).off('end', resolve).off('close', onClose);
    };
  }

  private async giveUp(error: unknown): Promise<void> {
    await this.beginning?.catch(() => undefined);
    await this.writer?.abandon();
    if (!this.upload) return;
    const code = error instanceof Interrupted ? 'INTERRUPTED' : classify(error).error.code;
    await this.door.fail(this.upload, code);
  }

  private pause(): void {
    this.pace.pause();
    this.request.pause();
  }

  private resume(): void {
    if (this.failed) return;
    this.pace.resume();
    this.request.resume();
  }

  private declaredLength(): number | null {
    const length = Number(this.request.headers['content-length']);
    return Number.isSafeInteger(length) && length > 0 ? length : null;
  }

  private tooLarge(): AppError {
    return new AppError(
      'FILE_TOO_LARGE',
      `The file is larger than the ${this.door.maxBytes} bytes allowed here.`,
    );
  }
}

/** The connection broke, or the sender fell silent or brought next to nothing. */
export class Interrupted extends Error {
  constructor() {
    super('The transfer was interrupted.');
  }
}

function stopped(): AppError {
  return new AppError('GONE', 'The upload was ended while it was running.');
}

function missingFile(): AppError {
  return new AppError('VALIDATION_FAILED', 'The form has no file.', {
    errors: [{ pointer: 'file', detail: 'is required' }],
  });
}

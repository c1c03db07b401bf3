import { parseBoundary } from './boundary';
import { Delimiter } from './delimiter';
import { malformed, refused } from './errors';
import { HeaderScanner } from './header-scanner';
import {
  DEFAULT_MULTIPART_LIMITS,
  MAX_EPILOGUE_BYTES,
  MAX_PADDING_BYTES,
  MAX_PREAMBLE_BYTES,
  type MultipartLimits,
} from './limits';
import type { MultipartHandler } from './multipart-handler';
import { FieldSink, FileSink, IgnoredSink, type PartSink } from './parts';
import { parsePartHeaders } from './part-headers';

/**
 * `content` is what stands between two boundaries (the preamble too); `delimiter` the rest of a boundary's line;
 * `epilogue` all that follows the line of the last one.
 */
type State = 'content' | 'delimiter' | 'headers' | 'epilogue';

/** What was read of a boundary's line after the boundary itself. */
type DelimiterLine = 'start' | 'dash' | 'padding' | 'cr';

/**
 * The CR LF before a delimiter belongs to it, and the line before a part's content (or the start of the body) may lend
 * its own: so much of the delimiter counts as seen, though none of it is content if the rest does not follow.
 */
const LENT_LINE_END = 2;

/**
 * A push parser of `multipart/form-data` (RFC 7578 on RFC 2046): bytes go in by `write`, parts come out at the handler,
 * file data as views of the chunks. No streams, no copies, no more memory than the limits allow; how a body is cut into
 * chunks changes nothing but the cuts of the data.
 *
 * It is strict: where another reader might see other parts than this one, the body is refused.
 *
 * Errors: `MALFORMED_BODY` for what is no such form, `VALIDATION_FAILED` for more of it than the limits allow. After an
 * error every call throws it again.
 */
export class MultipartParser {
  private readonly limits: MultipartLimits;
  private readonly delimiter: Delimiter;
  private readonly headers: HeaderScanner;
  private readonly fields: FieldSink;
  private readonly files: FileSink;
  private readonly epilogue = new IgnoredSink(MAX_EPILOGUE_BYTES, 'after the last boundary');

  private state: State = 'content';
  private part: PartSink = new IgnoredSink(MAX_PREAMBLE_BYTES, 'before the first boundary');
  /** How many bytes of the delimiter the content read so far ends with, and how many of these were lent. */
  private matched = LENT_LINE_END;
  private lent = LENT_LINE_END;

  private line: DelimiterLine = 'start';
  private padding = 0;
  private last = false;

  private fieldCount = 0;
  private fileCount = 0;
  private failure: { error: unknown } | null = null;

  /** @param contentType the request's, with its boundary */
  constructor(
    contentType: string,
    private readonly handler: MultipartHandler,
    limits: Partial<MultipartLimits> = {},
  ) {
    this.limits = { ...DEFAULT_MULTIPART_LIMITS, ...limits };
    this.delimiter = new Delimiter(parseBoundary(contentType));
    this.headers = new HeaderScanner(this.limits.maxHeaderBytes);
    this.fields = new FieldSink(handler, this.limits);
    this.files = new FileSink(handler);
  }

  /** Takes the next bytes of the body. All that they complete was handed on when it returns. */
  write(chunk: Buffer): void {
    this.guarded(() => {
      let position = 0;
      while (position < chunk.length) position = this.read(chunk, position);
    });
  }

  /** Says that the body is over. Throws `MALFORMED_BODY` unless its closing boundary was read. */
  end(): void {
    this.guarded(() => {
      const closed = this.state === 'epilogue' || (this.last && this.line === 'padding');
      if (!closed) throw malformed('The body ended before its closing boundary.');
    });
  }

  private guarded(work: () => void): void {
    if (this.failure) throw this.failure.error;
    try {
      work();
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  /** Reads on in the present state; returns the position of the first byte that it did not take. */
  private read(chunk: Buffer, position: number): number {
    switch (this.state) {
      case 'content':
        return this.readContent(chunk, position);
      case 'delimiter':
        this.readDelimiterLine(chunk[position]!);
        return position + 1;
      case 'headers':
        return this.readHeaders(chunk, position);
      case 'epilogue':
        this.epilogue.data(chunk, position, chunk.length);
        return chunk.length;
    }
  }

  private readContent(chunk: Buffer, position: number): number {
    if (this.matched > 0) {
      const more = this.delimiter.matching(chunk, position, this.matched);
      this.matched += more;
      if (this.matched === this.delimiter.length) return this.delimiterFound(position + more);
      if (position + more === chunk.length) return chunk.length;
      this.matched -= more;
      this.releaseMatched();
    }

    const found = this.delimiter.find(chunk, position);
    const end = found === -1 ? chunk.length - this.delimiter.begunAtEnd(chunk, position) : found;
    if (end > position) this.part.data(chunk, position, end);
    if (found !== -1) return this.delimiterFound(found + this.delimiter.length);
    this.matched = chunk.length - end;
    return chunk.length;
  }

  /** What looked like a delimiter at the end of an earlier chunk was content. */
  private releaseMatched(): void {
    const content = this.delimiter.slice(this.lent, this.matched);
    this.matched = 0;
    this.lent = 0;
    if (content.length > 0) this.part.data(content, 0, content.length);
  }

  private delimiterFound(position: number): number {
    this.state = 'delimiter';
    this.line = 'start';
    this.padding = 0;
    this.matched = 0;
    this.lent = 0;
    return position;
  }

  /** After a boundary: `--` if it is the last, blanks, CR LF. Only then has the part before it ended. */
  private readDelimiterLine(byte: number): void {
    const character = String.fromCharCode(byte);
    if (this.line === 'cr' && character === '\n') return this.delimiterEnded();
    if (this.line === 'dash' && character === '-') {
      this.line = 'padding';
      this.last = true;
      // The body may end here, without a line end.
      this.part.end();
      return;
    }
    if (this.line === 'start' && character === '-') {
      this.line = 'dash';
      return;
    }
    if (this.line === 'start' || this.line === 'padding') {
      if (character === '\r') {
        this.line = 'cr';
        return;
      }
      if ((character === ' ' || character === '\t') && ++this.padding <= MAX_PADDING_BYTES) {
        this.line = 'padding';
        return;
      }
    }
    throw malformed('A boundary is followed by something else than a line end.');
  }

  private delimiterEnded(): void {
    if (this.last) {
      this.state = 'epilogue';
      return;
    }
    this.part.end();
    this.state = 'headers';
  }

  private readHeaders(chunk: Buffer, position: number): number {
    const stopped = this.headers.read(chunk, position);
    if (this.headers.complete) {
      this.part = this.beginPart();
      this.state = 'content';
      this.matched = LENT_LINE_END;
      this.lent = LENT_LINE_END;
    }
    return stopped;
  }

  private beginPart(): PartSink {
    const { name, fileName, contentType } = parsePartHeaders(this.headers.take());
    const { maxParts, maxFields, maxFiles } = this.limits;

    if (this.fieldCount + this.fileCount === maxParts) {
      throw refused('', `The form has more than ${maxParts} parts.`);
    }
    if (fileName === null) {
      if (this.fieldCount++ === maxFields) throw refused(name, `The form has more than ${maxFields} fields.`);
      return this.fields.begin(name);
    }
    if (this.fileCount++ === maxFiles) throw refused(name, `The form has more than ${maxFiles} file(s).`);
    this.handler.onFile({ name, fileName, contentType });
    return this.files;
  }
}

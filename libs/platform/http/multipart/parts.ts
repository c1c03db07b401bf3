import { ByteCollector } from './byte-collector';
import { malformed, refused } from './errors';
import type { MultipartLimits } from './limits';
import type { MultipartHandler } from './multipart-handler';
import { decodeUtf8 } from './text';

/** Where the bytes between two boundaries go. */
export interface PartSink {
  /** `chunk[start, end)`, never empty. */
  data(chunk: Buffer, start: number, end: number): void;
  end(): void;
}

export class FileSink implements PartSink {
  constructor(private readonly handler: MultipartHandler) {}

  data(chunk: Buffer, start: number, end: number): void {
    this.handler.onFileData(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
  }

  end(): void {
    this.handler.onFileEnd();
  }
}

/** Collects the value of one field after the other. */
export class FieldSink implements PartSink {
  private readonly value: ByteCollector;
  private name = '';
  /** Bytes left of `maxFieldsBytes`. */
  private left: number;

  constructor(
    private readonly handler: MultipartHandler,
    private readonly limits: MultipartLimits,
  ) {
    this.value = new ByteCollector(limits.maxFieldBytes);
    this.left = limits.maxFieldsBytes;
  }

  begin(name: string): this {
    this.name = name;
    this.spend(Buffer.byteLength(name));
    return this;
  }

  data(chunk: Buffer, start: number, end: number): void {
    if (end - start > this.value.room) {
      throw refused(this.name, `The field is longer than ${this.limits.maxFieldBytes} bytes.`);
    }
    this.spend(end - start);
    this.value.add(chunk, start, end);
  }

  end(): void {
    this.handler.onField(this.name, decodeUtf8(this.value.take(), 'The value of a field', this.name));
  }

  private spend(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) {
      throw refused(this.name, `The fields are longer than ${this.limits.maxFieldsBytes} bytes together.`);
    }
  }
}

/** Preamble and epilogue: text for readers without MIME, to be ignored (RFC 2046, section 5.1.1), but not endlessly. */
export class IgnoredSink implements PartSink {
  private size = 0;

  constructor(
    private readonly limit: number,
    private readonly where: string,
  ) {}

  data(_chunk: Buffer, start: number, end: number): void {
    this.size += end - start;
    if (this.size > this.limit) throw malformed(`There is too much text ${this.where}.`);
  }

  end(): void {}
}

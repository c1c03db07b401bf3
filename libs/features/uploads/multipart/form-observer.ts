import type { FilePartInfo, MultipartHandler } from '@waybill/platform/http/multipart';

/** Sees a form as it comes, before whoever receives it does. */
export interface FormObserver extends MultipartHandler {
  /** The form has come whole. */
  onFormEnd(): void;
}

/** Hands each part of a form to its observer, and then to its receiver. */
export class ObservedForm implements MultipartHandler {
  constructor(
    private readonly observer: MultipartHandler,
    private readonly receiver: MultipartHandler,
  ) {}

  onField(name: string, value: string): void {
    this.observer.onField(name, value);
    this.receiver.onField(name, value);
  }

  onFile(info: FilePartInfo): void {
    this.observer.onFile(info);
    this.receiver.onFile(info);
  }

  onFileData(chunk: Buffer): void {
    this.observer.onFileData(chunk);
    this.receiver.onFileData(chunk);
  }

  onFileEnd(): void {
    this.observer.onFileEnd();
    this.receiver.onFileEnd();
  }
}

import { createSha256 } from '@waybill/core/crypto';
import { canonicalJson } from '@waybill/platform/idempotency';
import type { FilePartInfo } from '@waybill/platform/http/multipart';
import type { FormObserver } from './form-observer';

/**
 * Two forms are the same when their fields and their file are: its digest, its name, its declared type. Boundaries, and
 * where a field stands relative to others, are the sender's library's business; the order of a repeated field is not.
 */
export class FormFingerprint implements FormObserver {
  private readonly fields: (readonly [name: string, value: string])[] = [];
  private readonly hash = createSha256();
  private file: FilePartInfo | null = null;
  private sha256: string | null = null;
  private canonical: string | null = null;

  onField(name: string, value: string): void {
    this.fields.push([name, value]);
  }

  onFile(info: FilePartInfo): void {
    this.file = info;
  }

  onFileData(chunk: Buffer): void {
    this.hash.update(chunk);
  }

  onFileEnd(): void {
    this.sha256 = this.hash.digest().toString('hex');
  }

  onFormEnd(): void {
    // Stable: fields of the same name stay in their order.
    const fields = this.fields.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.canonical = canonicalJson({ fields, file: this.file, sha256: this.sha256 });
  }

  /** What stands for the form; null until it has come whole. */
  get text(): string | null {
    return this.canonical;
  }
}

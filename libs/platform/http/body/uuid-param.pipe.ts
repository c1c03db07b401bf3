import { Injectable, type PipeTransform } from '@nestjs/common';
import { AppError, isUuid } from '@waybill/core/kernel';

/** An id in a path. A malformed one answers exactly like an unknown one: both name nothing. Ids compare in lower case. */
@Injectable()
export class UuidParam implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    if (!isUuid(value)) throw AppError.notFound();
    return value.toLowerCase();
  }
}

import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { AppError, type FieldError } from '@waybill/core/kernel';
import { appendPointer } from './pointer';

const MOST_ERRORS = 50;

/**
 * Turns what came into the route's DTO: declared properties only, of the declared types, each rule that is broken named
 * with a JSON Pointer (bodies) or the parameter's name.
 */
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      stopAtFirstError: false,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => new InvalidRequest(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const wholeBody = metadata.type === 'body' && metadata.data === undefined;
    if (wholeBody && value === undefined && metadata.metatype !== undefined) {
      throw new AppError('UNSUPPORTED_FILE_TYPE', 'This route takes a body of type application/json.');
    }
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error;
      const errors = fieldErrors(error.errors, metadata.type === 'body' ? '' : undefined);
      const what = metadata.type === 'body' ? 'body' : 'address';
      throw new AppError('VALIDATION_FAILED', `The ${what} is not valid.`, {
        errors: errors.slice(0, MOST_ERRORS),
      });
    }
  }
}

class InvalidRequest extends Error {
  constructor(readonly errors: ValidationError[]) {
    super('invalid request');
  }
}

/** Flattens class-validator's tree. `parent` is undefined where names stand for themselves. */
export function fieldErrors(errors: ValidationError[], parent: string | undefined): FieldError[] {
  return errors.flatMap((error) => {
    const pointer =
      parent === undefined ? error.property.slice(0, 100) : appendPointer(parent, error.property);
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) =>
      describe(rule, message, error.property),
    );
    const nested = fieldErrors(error.children ?? [], parent === undefined ? `/${pointer}` : pointer);
    return own.length === 0 ? nested : [{ pointer, detail: own.join('; ') }, ...nested];
  });
}

/** The pointer names the property already; class-validator's texts begin with it, whatever a sender called it. */
function describe(rule: string, message: string, property: string): string {
  if (rule === 'whitelistValidation') return 'is not a known property';
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}

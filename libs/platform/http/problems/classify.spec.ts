import { AppError, type ErrorCode } from '@waybill/core/kernel';
import { classify, type Classified } from './classify';

describe('how loudly an error is logged', () => {
  it.each<[code: ErrorCode, cause: unknown, log: Classified['log']]>([
    ['NOT_FOUND', undefined, 'nothing'],
    ['VALIDATION_FAILED', new Error('beneath'), 'nothing'],
    ['DEPENDENCY_UNAVAILABLE', undefined, 'nothing'],
    ['DEPENDENCY_UNAVAILABLE', new Error('beneath'), 'warn'],
    ['KEY_UNAVAILABLE', undefined, 'warn'],
    ['KEY_UNAVAILABLE', new Error('beneath'), 'warn'],
    ['INTEGRITY_FAILURE', undefined, 'error'],
    ['STORAGE_FULL', undefined, 'error'],
  ])('%s with the cause %s: %s', (code, cause, log) => {
    expect(classify(new AppError(code, 'Said so.', { cause }))).toMatchObject({ log });
  });

  it('is "error" for whatever nobody foresaw', () => {
    for (const thrown of [new Error('x'), 'a text', undefined]) expect(classify(thrown).log).toBe('error');
  });
});

import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ErrorCode } from '@waybill/core/kernel';
import { PROBLEMS } from '../problems/problem-catalogue';
import { Problem } from './problem.dto';

const CODES = Symbol('problem codes');

/**
 * Documents how a route can refuse: each status once, with the codes that it may carry. What several decorators say of
 * one route adds up.
 */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const route = (descriptor?.value as object | undefined) ?? target;
    const said = (Reflect.getOwnMetadata(CODES, route) as ErrorCode[] | undefined) ?? [];
    const all = [...new Set([...said, ...codes])];
    Reflect.defineMetadata(CODES, all, route);
    describeProblems(all)(target, property!, descriptor!);
  };
}

function describeProblems(codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses = [...byStatus].map(([status, group]) =>
    ApiResponse({ status, ...problemResponse(group) }),
  );
  return applyDecorators(ApiExtraModels(Problem), ...responses);
}

/** An answer's description in the OpenAPI document. */
export function problemResponse(codes: ErrorCode[]) {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(Problem) } } },
  };
}

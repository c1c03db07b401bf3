import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ErrorCode } from '@waybill/core/kernel';
import { PROBLEMS, problemSlug } from '../problems/problem-catalogue';
import { PROBLEM_GUIDE } from '../problems/problem-guide';
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

/** How the OpenAPI document describes a refusal. */
export interface ProblemAnswer {
  description: string;
  content: Record<string, { schema: { $ref: string }; examples: Record<string, { $ref: string }> }>;
}

/** The description of an answer with one of these codes, each with its example. */
export function problemResponse(codes: ErrorCode[]): ProblemAnswer {
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
    content: {
      'application/problem+json': {
        schema: { $ref: getSchemaPath(Problem) },
        examples: Object.fromEntries(examples) as Record<string, { $ref: string }>,
      },
    },
  };
}

/** What a refusal with the code looks like, for the components of the document. */
export function problemExample(code: ErrorCode): { summary: string; value: Problem } {
  const { status, title } = PROBLEMS[code];
  const value: Problem = {
    type: `https://files.example.org/api/problems/${problemSlug(code)}`,
    title,
    status,
    detail: PROBLEM_GUIDE[code].example,
    instance: '/api/files/0199a4c2-7d10-7c3e-9b41-52f0c8a6e13d',
    code,
    requestId: '0199a4c2-81b7-7f0e-a6d3-3c5e9b20f714',
  };
  if (code === 'VALIDATION_FAILED')
    value.errors = [{ pointer: '/email', detail: 'must be an e-mail address' }];
  return { summary: title, value };
}

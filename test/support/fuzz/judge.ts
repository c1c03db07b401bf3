import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import type { Answer } from '../system';
import type { ApiDocument, Operation } from './document';

/** Says what is wrong with an answer, by the document alone. */
export class Judge {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(document: ApiDocument) {
    addFormats(this.ajv);
    this.ajv.addSchema(closed(document) as object, 'openapi.json');
  }

  /** Empty where the answer is one that the document promises. */
  findings(operation: Operation, answer: Answer): string[] {
    const { status } = answer;
    const promised = operation.responses[status];
    if (status >= 500) return [`a server error: ${status}`];
    if (promised === undefined) return [`an undocumented status: ${status} ${answer.body?.code ?? ''}`];
    // What the document says of bodies is said of those that were not sent (RFC 9110, section 9.3.2).
    if (operation.method.toUpperCase() === 'HEAD')
      return answer.bytes.length > 0 ? ['a body in answer to HEAD'] : [];
    return [...this.content(operation, answer), ...problem(answer)];
  }

  private content(operation: Operation, { status, headers, body, bytes }: Answer): string[] {
    const contents = operation.responses[status]!.content;
    if (contents === undefined) return bytes.length > 0 ? [`a body where ${status} has none`] : [];
    const type = headers.get('content-type')?.split(';')[0] ?? 'none';
    if (contents[type] === undefined && contents['*/*'] === undefined)
      return [`${status} with an undocumented content type: ${type}`];
    if (contents[type] === undefined || !/[/+]json$/.test(type)) return [];
    const validate = this.validator(operation, status, type);
    if (validate(body)) return [];
    return [`${status} with a body against its schema: ${this.ajv.errorsText(validate.errors)}`];
  }

  private validator({ path, method }: Operation, status: number, type: string): ValidateFunction {
    const steps = ['paths', path, method.toLowerCase(), 'responses', status, 'content', type, 'schema'];
    const pointer = steps.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
    const $ref = `openapi.json#/${pointer.map(encodeURIComponent).join('/')}`;
    const known = this.validators.get($ref);
    if (known !== undefined) return known;
    const compiled = this.ajv.compile({ $ref });
    this.validators.set($ref, compiled);
    return compiled;
  }
}

function problem({ status, headers, body }: Answer): string[] {
  if (status < 400) return [];
  const findings: string[] = [];
  if (!headers.get('content-type')?.startsWith('application/problem+json')) findings.push('no problem+json');
  if (body?.status !== status) findings.push(`a problem that calls itself ${body?.status}`);
  if (body?.requestId !== headers.get('x-request-id')) findings.push('a problem of another request id');
  return findings;
}

/** The same document, in which an object has the properties that are named and no other: what is answered is described. */
function closed(document: unknown): unknown {
  if (Array.isArray(document)) return document.map(closed);
  if (typeof document !== 'object' || document === null) return document;
  const copy = Object.fromEntries(Object.entries(document).map(([key, value]) => [key, closed(value)]));
  if (copy.type === 'object' && copy.properties !== undefined) copy.additionalProperties ??= false;
  return copy;
}

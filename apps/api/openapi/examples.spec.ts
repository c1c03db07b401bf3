import type { OpenAPIObject } from '@nestjs/swagger';
import { giveExamples } from './examples';

const SCHEMAS = {
  Thing: {
    type: 'object',
    required: ['id', 'name', 'tags', 'owner', 'status', 'done'],
    properties: {
      id: { type: 'string', format: 'uuid' },
      name: { type: 'string', example: 'of its own' },
      tags: { type: 'array', items: { type: 'string' } },
      owner: { $ref: '#/components/schemas/FileOwnerDto' },
      status: { type: 'string', enum: ['open', 'shut'] },
      done: { type: ['string', 'null'], format: 'date-time' },
      title: { type: 'string' },
      note: { type: 'string', example: 'of its own' },
      limit: { type: 'integer', default: 20 },
    },
  },
  FileOwnerDto: { type: 'object', required: ['fullName'], properties: { fullName: { type: 'string' } } },
};

function illustrated(media: object): { request: any; answer: any } {
  const content = (): object => ({ 'application/json': structuredClone(media) });
  const post = {
    requestBody: { content: content() },
    responses: { 200: { description: '', content: content() } },
  };
  const document = { paths: { '/things': { post } }, components: { schemas: SCHEMAS } };
  const given = giveExamples(document as unknown as OpenAPIObject).paths['/things']!.post as any;
  return {
    request: given.requestBody.content['application/json'],
    answer: given.responses[200].content['application/json'],
  };
}

describe('the examples of the description', () => {
  const { request, answer } = illustrated({ schema: { $ref: '#/components/schemas/Thing' } });

  it('are made of what properties say of themselves, then of the vocabulary', () => {
    expect(answer.example).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-/),
      name: 'of its own',
      tags: ['offer', 'spring'],
      owner: { fullName: 'Grace Hopper' },
      title: expect.any(String),
      limit: 20,
    });
  });

  it('take a word only where it fits', () => {
    expect(answer.example).toMatchObject({ status: 'open', done: null });
  });

  it('show of a request what has to be there, and what says itself', () => {
    expect(Object.keys(request.example)).toEqual([
      'id',
      'name',
      'tags',
      'owner',
      'status',
      'done',
      'note',
      'limit',
    ]);
  });

  it('leave a route its own', () => {
    expect(illustrated({ schema: { type: 'string' }, example: 'own' }).answer.example).toBe('own');
  });

  it('say nothing rather than something made up', () => {
    expect(illustrated({ schema: { type: 'string' } }).answer).not.toHaveProperty('example');
  });
});

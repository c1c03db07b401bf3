import { ApiProperty } from '@nestjs/swagger';

export class LiveDto {
  @ApiProperty({ enum: ['live'] })
  status: 'live';
}

export class ReadyDto {
  @ApiProperty({ enum: ['ready'] })
  status: 'ready';

  @ApiProperty({
    description: 'Each thing that the service needs, by name.',
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { database: 'up', redis: 'up', storage: 'up' },
  })
  checks: Record<string, 'up' | 'down'>;

  @ApiProperty({
    description:
      'What wants looking at: `SWEEP_…` where sweepers have stopped deleting (see the operations guide).',
    type: [String],
    example: [],
  })
  notes: string[];
}

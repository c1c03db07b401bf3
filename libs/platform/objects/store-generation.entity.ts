import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A number that only grows, which the store has too: who is behind was restored. */
@Entity('store_generations')
export class StoreGeneration {
  @PrimaryColumn('text')
  driver: string;

  @Column('bigint')
  generation: number;

  @Column('timestamptz')
  advancedAt: Date;
}

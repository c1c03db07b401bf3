import { Injectable } from '@nestjs/common';
import { isAppError } from '@waybill/core/kernel';
import { Database } from '@waybill/platform/database';
import { FilesService } from './files.service';

/**
 * Deletes what accounts that were deleted have left behind. It goes by the tombstone that the account has become, never
 * by its absence: a row that is missing for any other reason deletes nothing.
 */
@Injectable()
export class DepartedOwners {
  constructor(
    private readonly database: Database,
    private readonly files: FilesService,
  ) {}

  /** Deletes at most that many files, and tells how many. */
  async deleteFiles(limit: number): Promise<number> {
    const left = await this.database.query<{ id: string }>(
      `SELECT file.id FROM users owner JOIN files file ON file.owner_id = owner.id
       WHERE owner.deleted_at IS NOT NULL AND file.deleted_at IS NULL LIMIT $1`,
      [limit],
    );
    for (const { id } of left) await this.delete(id);
    return left.length;
  }

  private async delete(id: string): Promise<void> {
    try {
      await this.files.delete(id, null, null);
    } catch (error) {
      if (!isAppError(error, 'NOT_FOUND')) throw error; // Another sweeper was quicker.
    }
  }
}

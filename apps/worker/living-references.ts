import { Injectable } from '@nestjs/common';
import { Database } from '@waybill/platform/database';

const OWNED = /^(vault|staging)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//;

/** Which objects files that are there, or uploads under way, still have. */
@Injectable()
export class LivingReferences {
  constructor(private readonly database: Database) {}

  /** Those of the keys that are still needed, whatever the registry calls them. */
  async among(keys: readonly string[]): Promise<Set<string>> {
    const owners = { vault: new Set<string>(), staging: new Set<string>() };
    for (const key of keys) {
      const [, namespace, id] = OWNED.exec(key) ?? [];
      if (namespace !== undefined) owners[namespace as keyof typeof owners].add(id!);
    }
    const rows = await this.database.query<{ key: string }>(
      `SELECT object_key AS key FROM files WHERE id = ANY($1::uuid[]) AND object_key = ANY($3) AND deleted_at IS NULL
       UNION ALL SELECT object_key FROM upload_parts WHERE upload_id = ANY($2::uuid[]) AND object_key = ANY($3)`,
      [[...owners.vault], [...owners.staging], keys],
    );
    return new Set(rows.map(({ key }) => key));
  }
}

/**
 * Adds to what users store, within their limits, in a statement that does more than that: for each user of a relation
 * (`user_id`, `bytes`, `quota`, which may be null: without limit) of the statement around it, who stands in it once.
 * Answers those who had room. As `StorageUsageService.charge`, the limit holds however many statements race.
 */
export function chargeUsage(relation: string): string {
  return `INSERT INTO storage_usage AS usage (user_id, used_bytes)
          SELECT user_id, bytes FROM ${relation} WHERE quota IS NULL OR bytes <= quota OR bytes = 0 ORDER BY user_id
          ON CONFLICT (user_id) DO UPDATE SET used_bytes = usage.used_bytes + excluded.used_bytes
          WHERE (SELECT quota IS NULL OR usage.used_bytes + bytes <= quota OR bytes = 0
                 FROM ${relation} WHERE user_id = usage.user_id)
          RETURNING user_id`;
}

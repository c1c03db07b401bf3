/**
 * What happens to objects in statements that do more than that. Each piece takes the name of a relation of the statement
 * around it and stands in a CTE of its own.
 */

/** Announces the objects of a relation (`object_key`, `driver`). @param until SQL for the end of their lease */
export function registerObjects(relation: string, until: string): string {
  return `INSERT INTO objects (key, driver, state, lease_until)
          SELECT object_key, driver, 'writing', ${until} FROM ${relation}`;
}

/**
 * Those of some objects that are still their writers' to publish, held until the transaction ends.
 *
 * @param keys SQL for a condition on `key`
 */
export function holdWritten(keys: string): string {
  return `SELECT key FROM objects WHERE state = 'writing' AND ${keys} ORDER BY key FOR UPDATE`;
}

/** Makes the durable objects of a relation (`object_key`, `sealed_size`), which are held, part of something visible. */
export function publishObjects(relation: string): string {
  return `UPDATE objects SET state = 'live', size = ${relation}.sealed_size, lease_until = NULL
          FROM ${relation} WHERE objects.key = ${relation}.object_key`;
}

/** Gives up the objects of a relation (`object_key`), which nothing refers to from then on. */
export function buryObjects(relation: string): string {
  return `UPDATE objects SET state = 'dead', died_at = now(), lease_until = NULL
          FROM ${relation} WHERE objects.key = ${relation}.object_key AND objects.state <> 'dead'`;
}

/** Gives up those of a relation (`object_key`) that will not be written. */
export function withdrawObjects(relation: string): string {
  return `UPDATE objects SET state = 'dead', died_at = now(), lease_until = NULL
          FROM ${relation} WHERE objects.key = ${relation}.object_key AND objects.state = 'writing'`;
}

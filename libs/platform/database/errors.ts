/** What PostgreSQL says of itself when a statement fails (appendix A of its manual). */
interface PostgresError {
  code?: string;
  constraint?: string;
}

function postgresError(error: unknown): PostgresError {
  const outer = error as { driverError?: PostgresError } & PostgresError;
  return outer?.driverError ?? outer ?? {};
}

/** Whether a statement failed because a row with that key is there already; `constraint` narrows to one key. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: violated } = postgresError(error);
  return code === '23505' && (constraint === undefined || violated === constraint);
}

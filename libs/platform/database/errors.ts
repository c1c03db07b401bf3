import { QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

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

/** Whether the database refused a statement for what it says (classes 22 and 23: data, constraints), and did nothing of it. */
export function isRefusedStatement(error: unknown): boolean {
  return /^2[23]/.test(postgresError(error).code ?? '');
}

/** Whether the database ended a statement because it took longer than it may. */
export function isStatementTimeout(error: unknown): boolean {
  return postgresError(error).code === '57014';
}

/**
 * What a transaction is told whose connection was lost between two of its statements: TypeORM has given the connection
 * back by then, and complains about that. The words are the driver's own for a connection that was lost under a statement.
 */
export function nameConnectionLoss(error: unknown): unknown {
  const lost =
    error instanceof QueryRunnerAlreadyReleasedError ||
    error instanceof QueryRunnerProviderAlreadyReleasedError;
  return lost ? new Error('Connection terminated between two statements', { cause: error }) : error;
}

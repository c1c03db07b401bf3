/**
 * A statement that is asked again and again: the server parses it once for each connection, and plans it once its plan
 * has proved to be the same every time (PostgreSQL manual, PREPARE).
 */
export interface Statement {
  /** One for each text; at most 63 bytes. */
  readonly name: string;
  readonly text: string;
}

export function prepared(name: string, text: string): Statement {
  return { name, text };
}

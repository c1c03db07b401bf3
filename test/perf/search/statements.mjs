import { stopwatch } from './stopwatch.mjs';

/** The statements of a search by what is in them, and in no other. @type {[string, RegExp][]} */
const KINDS = [
  ['texts', /search_containing/],
  ['window', /\bhorizon\b/],
  ['matches', /\bmatched\b/],
  ['shown', /object\.driver/],
];

/**
 * Looks on as a database is asked.
 * @typedef {{ name: string, sql: string, parameters: unknown[], cost: import('./stopwatch.mjs').Cost }} Asked
 */
export class Statements {
  /** @type {Asked[]} */
  asked = [];

  /** @param {any} database @param {number} pid of its process */
  constructor(database, pid) {
    for (const method of ['query', 'execute']) {
      const ask = database[method].bind(database);
      database[method] = async (
        /** @type {string | { text: string }} */ statement,
        /** @type {unknown[]} */ parameters = [],
        /** @type {unknown} */ tx,
      ) => {
        const read = stopwatch(pid);
        const rows = await ask(statement, parameters, tx);
        const sql = typeof statement === 'string' ? statement : statement.text;
        const name = KINDS.find(([, pattern]) => pattern.test(sql))?.[0] ?? 'other';
        this.asked.push({ name, sql, parameters, cost: read() });
        return rows;
      };
    }
  }

  /** What was asked since the last time that somebody wanted to know. @returns {Asked[]} */
  take() {
    return this.asked.splice(0);
  }
}

export { Database, type Tx } from './database';
export { DatabaseModule } from './database.module';
export { dataSourceOptions } from './data-source-options';
export { isStatementTimeout, isUniqueViolation } from './errors';
export { migrate, schemaDrift } from './schema';
export { SharedStatement } from './shared-statement';
export { fromNow, UNSYNCED } from './sql';
export { prepared, type Statement } from './statement';

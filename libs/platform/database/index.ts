export { Database, type Tx } from './database';
export { DatabaseModule } from './database.module';
export { dataSourceOptions } from './data-source-options';
export { isRefusedStatement, isStatementTimeout, isUniqueViolation } from './errors';
export { migrate, schemaDrift } from './schema';
export { fromNow, UNSYNCED } from './sql';
export { prepared, type Statement } from './statement';

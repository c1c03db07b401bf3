import { DefaultNamingStrategy } from 'typeorm';

/** camelCase in code, snake_case in the database, without saying each name twice. */
export class SnakeCaseNaming extends DefaultNamingStrategy {
  override columnName(property: string, custom: string | undefined, prefixes: string[]): string {
    return custom ?? [...prefixes, property].map(snakeCase).join('_');
  }

  override joinColumnName(relation: string, referenced: string): string {
    return `${snakeCase(relation)}_${snakeCase(referenced)}`;
  }
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

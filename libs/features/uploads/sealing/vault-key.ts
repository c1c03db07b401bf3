/** Where the sealed objects of a file lie: one for each attempt, of which at most one is ever published. */
export function vaultPrefix(fileId: string): string {
  return `vault/${fileId}/`;
}

export function vaultKey(fileId: string, attempt: number): string {
  return `${vaultPrefix(fileId)}${attempt}`;
}

/** The same key as SQL. @param fileId SQL for the file's id @param attempt SQL for the number of the attempt */
export function vaultKeySql(fileId: string, attempt: string): string {
  return `'vault/' || ${fileId} || '/' || ${attempt}`;
}

/** Where the sealed objects of a file lie: one for each attempt, of which at most one is ever published. */
export function vaultPrefix(fileId: string): string {
  return `vault/${fileId}/`;
}

export function vaultKey(fileId: string, attempt: number): string {
  return `${vaultPrefix(fileId)}${attempt}`;
}

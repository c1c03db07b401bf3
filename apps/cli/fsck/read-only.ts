/** The address of a database whose sessions refuse to write: an examination that changes nothing cannot, either. */
export function readOnly(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const options = url.searchParams.get('options');
  url.searchParams.set('options', [options, '-c default_transaction_read_only=on'].filter(Boolean).join(' '));
  return url.href;
}

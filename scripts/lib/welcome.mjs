/**
 * What a start ends with: where everything is, and a first hand-over to copy and paste.
 * @param {{
 *   url: string, dataDir: string, sample: string, accounts: import('./accounts.mjs').Account[]
 * }} what url: without a trailing slash
 * @returns {string}
 */
export function welcome({ url, dataDir, sample, accounts }) {
  const width = Math.max(0, ...accounts.map(({ email }) => email.length));
  const credentials = accounts.map(
    ({ email, role, password }) => `  ${role.padEnd(8)} ${email.padEnd(width)}  ${password}`,
  );
  return [
    '',
    `Waybill runs: ${url}`,
    `  API      ${url}/api`,
    `  Swagger  ${url}/api/docs`,
    `  Data     ${dataDir} (logs, mails and keys are in there)`,
    ...(accounts.length === 0
      ? []
      : ['', 'Accounts made on the first start:', ...credentials, '', ...handOver()]),
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');

  function handOver() {
    const [ops, client] = ['ops', 'client'].map((role) => accounts.find((account) => account.role === role));
    if (!ops || !client) return [];
    return [
      'A first hand-over, to paste into another terminal:',
      '',
      `  API=${url}/api`,
      `  field() { node -pe "JSON.parse(require('fs').readFileSync(0)).$1"; }`,
      `  login() { curl -sS "$API/auth/login" -H 'Content-Type: application/json' -d "{\\"email\\":\\"$1\\",\\"password\\":\\"$2\\"}" | field accessToken; }`,
      `  OPS=$(login ${ops.email} ${ops.password})`,
      `  CLIENT=$(login ${client.email} ${client.password})`,
      '',
      '  # ops uploads a document; it is sealed in the background',
      `  FILE=$(curl -sS "$API/upload" -H "Authorization: Bearer $OPS" -F file=@${quote(sample)} | field fileId)`,
      '  until curl -fso /dev/null "$API/files/$FILE" -H "Authorization: Bearer $OPS"; do sleep 0.2; done',
      '',
      '  # the client lists what it may have, asks for a link, and downloads',
      '  curl -sS "$API/files" -H "Authorization: Bearer $CLIENT"; echo',
      '  LINK=$(curl -sS -X POST "$API/files/$FILE/download-link" -H "Authorization: Bearer $CLIENT" | field downloadUrl)',
      `  curl -sS "$LINK" -o received.docx && cmp received.docx ${quote(sample)} && echo "The same bytes."`,
      '',
      '  # a page for somebody without an account: open it in a browser, it hands over once',
      `  curl -sS -X POST "$API/files/$FILE/share" -H "Authorization: Bearer $OPS" -H 'Content-Type: application/json' -d '{"maxDownloads":1}' | field shareUrl`,
    ];
  }
}

/** For a POSIX shell. @param {string} text */
const quote = (text) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

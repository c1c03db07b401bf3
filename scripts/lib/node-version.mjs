/** The oldest Node.js that the product runs on; package.json's `engines` says the same. */
const OLDEST = [20, 19];

/**
 * Ends the process with a sentence instead of a syntax error. Entry points import this first and everything else
 * dynamically, so that an old Node.js gets to read it; hence no syntax and no module newer than Node.js 12 here.
 */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  console.error(
    `Waybill needs Node.js ${OLDEST.join('.')} or newer; this is ${process.versions.node} (${process.execPath}). ` +
      'The current LTS is at https://nodejs.org.',
  );
  process.exit(1);
}

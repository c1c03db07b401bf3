const LONGEST_NAME = 100;

/** Goes one step further in a JSON Pointer (RFC 6901). Names are the sender's: long ones are cut, for a person to read. */
export function appendPointer(pointer: string, name: string): string {
  const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  const wellFormed = short.replace(/\p{Surrogate}/gu, '\uFFFD');
  return `${pointer}/${wellFormed.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Names for the entries of an archive, each once: what is there already gets a number (`offer (2).docx`). Compared as
 * file systems compare that know no case and no composed letters, so that nothing is overwritten when it is unpacked.
 */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let candidate = name;
    for (let number = 2; taken.has(folded(candidate)); number++) candidate = numbered(name, number);
    taken.add(folded(candidate));
    return candidate;
  });
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? `${name.slice(0, dot)} (${number})${name.slice(dot)}` : `${name} (${number})`;
}

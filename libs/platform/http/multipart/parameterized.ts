/** A header value of the form `value; name=token; name="quoted string"`. */
export interface Parameterized {
  /** The part before the parameters, in lower case. */
  value: string;
  /** By lower-case name. A map, since names are the sender's choice. */
  parameters: Map<string, Parameter>;
}

export interface Parameter {
  value: string;
  quoted: boolean;
}

const VALUE = /[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?)[ \t]*/y;
const PARAMETER =
  /;[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\[^])*)"))?[ \t]*/y;

/**
 * Parses parameters by the grammar of RFC 9110, section 5.6.6. Null where the value strays from it or names a
 * parameter twice: what two readers may understand differently is understood by none.
 *
 * In quoted strings only `\"` and `\\` are escapes. Browsers do not escape the backslash at all (WHATWG), so that any
 * other one is a character of the name.
 */
export function parseParameterized(header: string): Parameterized | null {
  VALUE.lastIndex = 0;
  const head = VALUE.exec(header);
  if (!head) return null;

  const parameters = new Map<string, Parameter>();
  let position = VALUE.lastIndex;
  while (position < header.length) {
    PARAMETER.lastIndex = position;
    const match = PARAMETER.exec(header);
    if (!match) return null;
    position = PARAMETER.lastIndex;

    const [, rawName, token, quoted] = match;
    if (rawName === undefined) continue;
    const name = rawName.toLowerCase();
    if (parameters.has(name)) return null;
    parameters.set(
      name,
      token !== undefined
        ? { value: token, quoted: false }
        : { value: quoted!.replace(/\\(["\\])/g, '$1'), quoted: true },
    );
  }
  return { value: head[1]!.toLowerCase(), parameters };
}

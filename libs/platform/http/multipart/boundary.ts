import { malformed } from './errors';
import { parseParameterized } from './parameterized';

/** RFC 2046, section 5.1.1: 1 to 70 of `bchars`, the last one no space. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/** The boundary that a `multipart/form-data` Content-Type names. Throws `MALFORMED_BODY` where there is none. */
export function parseBoundary(contentType: string): string {
  const parsed = parseParameterized(contentType);
  if (parsed?.value !== 'multipart/form-data') {
    throw malformed('The Content-Type is not a well-formed multipart/form-data.');
  }
  const boundary = parsed.parameters.get('boundary')?.value;
  if (boundary === undefined) throw malformed('The Content-Type has no boundary.');
  if (!BOUNDARY.test(boundary)) throw malformed('The boundary is not one of 1 to 70 characters of RFC 2046.');
  return boundary;
}

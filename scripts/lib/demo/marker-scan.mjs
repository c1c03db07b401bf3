import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Looks for a marker in every file below a directory: as it is, in hexadecimal, in base64 at each of its three
 * alignments, and in UTF-16.
 * @param {string} directory @param {string} marker
 * @returns {Promise<{ hits: string[], files: number, bytes: number }>}
 */
export async function scanForMarker(directory, marker) {
  const needles = encodings(Buffer.from(marker));
  const overlap = Math.max(...needles.map((needle) => needle.length)) - 1;
  const result = { hits: /** @type {string[]} */ ([]), files: 0, bytes: 0 };
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    result.files += 1;
    let tail = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
        result.bytes += chunk.length;
        const window = Buffer.concat([tail, chunk]);
        if (needles.some((needle) => window.includes(needle))) {
          result.hits.push(path);
          break;
        }
        tail = window.subarray(-overlap);
      }
    } catch (error) {
      // Files come and go while the system runs; what is gone holds nothing.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
    }
  }
  return result;
}

/** @param {Buffer} marker */
function encodings(marker) {
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), marker])
      .toString('base64')
      .replace(/=+$/, '');
    // The characters at the edges also depend on the neighbours.
    return Buffer.from(text.slice(shift === 0 ? 0 : shift + 1, -2));
  });
  const utf16 = Buffer.from(marker.toString('latin1'), 'utf16le');
  return [marker, Buffer.from(marker.toString('hex')), ...base64, utf16];
}

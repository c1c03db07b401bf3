/** What disks ask of addresses and lengths at most, and what a page of memory has at least. */
export const PAGE_BYTES = 4096;

/** A page of WebAssembly's: memory comes in whole ones (WebAssembly Core Specification, 2.5.5). */
const WASM_PAGE_BYTES = 64 * 1024;

interface PagedMemory {
  Memory: new (pages: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
}
/** Missing where code must not be made at run time (`--jitless`). */
const { WebAssembly: wasm } = globalThis as { WebAssembly?: PagedMemory };

/** All memory that `pageAlignedBuffer` has found to begin where a page does. */
const pageAligned = new WeakSet<ArrayBufferLike>();

/**
 * A buffer that begins where a page of memory does: disks read and write such memory by themselves, past the kernel's
 * page cache (O_DIRECT, open(2)). Large ones, please: each reserves gigabytes of addresses, though no memory for them.
 *
 * It is memory of WebAssembly's, the only kind in Node that is taken from the operating system in whole pages and
 * otherwise like any other. (Resizable buffers are, too; but each view of one gets a hidden class of its own, which is
 * slow and lives long.) Where there is none to be had, the buffer begins anywhere, and `isPageAligned` says so.
 */
export function pageAlignedBuffer(bytes: number): Buffer {
  const memory = pagedMemory(Math.ceil(bytes / WASM_PAGE_BYTES));
  if (memory === null) return Buffer.allocUnsafeSlow(bytes);
  pageAligned.add(memory);
  return Buffer.from(memory, 0, bytes);
}

/** Whether a buffer, or a view of one, begins where a page does. */
export function isPageAligned({ buffer, byteOffset }: Buffer): boolean {
  return byteOffset % PAGE_BYTES === 0 && pageAligned.has(buffer);
}

function pagedMemory(pages: number): ArrayBuffer | null {
  if (wasm === undefined) return null;
  try {
    return new wasm.Memory({ initial: pages, maximum: pages }).buffer;
  } catch (error) {
    // No addresses left, as with `ulimit -v`; a buffer needs none of those that this kind reserves.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

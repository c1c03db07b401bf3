/** What disks ask of addresses and lengths at most, and what a page of memory has at least. */
export const PAGE_BYTES = 4096;

/**
 * A buffer that begins where a page of memory does: disks read and write such memory by themselves, past the kernel's
 * page cache (O_DIRECT, open(2)).
 *
 * V8 takes the memory of resizable buffers from the operating system in whole pages. It does not promise to; should that
 * change, the kernel says EINVAL, and whoever asked it goes the usual way.
 */
export function pageAlignedBuffer(bytes: number): Buffer {
  const ResizableBuffer = ArrayBuffer as new (
    bytes: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer;
  return Buffer.from(new ResizableBuffer(bytes, { maxByteLength: bytes }));
}

/** Whether a buffer, or a view of one, begins where a page does. */
export function isPageAligned({ buffer, byteOffset }: Buffer): boolean {
  return (buffer as { resizable?: boolean }).resizable === true && byteOffset % PAGE_BYTES === 0;
}

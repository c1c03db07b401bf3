import { createCipheriv } from 'node:crypto';
import { markAsUntransferable } from 'node:worker_threads';
import { releaseMemory } from './released-memory';

const SIZE = 64 * 1024;

describe('releaseMemory', () => {
  it('empties a buffer, and gives its memory back before any collection', () => {
    const buffer = Buffer.allocUnsafeSlow(SIZE);
    const before = process.memoryUsage().arrayBuffers;
    releaseMemory(buffer);
    expect(buffer).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers).toBe(before - SIZE);
  });

  it('releases what a cipher returns', () => {
    const cipher = createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12));
    const sealed = cipher.update(Buffer.alloc(SIZE));
    releaseMemory(sealed);
    expect(sealed).toHaveLength(0);
  });

  it('leaves a view alone whose memory others may see, and what is small', () => {
    const whole = Buffer.alloc(SIZE, 'x');
    const small = Buffer.from('small');
    for (const buffer of [whole.subarray(1), whole.subarray(0, SIZE - 1), small]) releaseMemory(buffer);
    expect([whole.toString(), small.toString()]).toEqual(['x'.repeat(SIZE), 'small']);
  });

  it('leaves alone what is shared', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(SIZE));
    releaseMemory(shared);
    expect(shared).toHaveLength(SIZE);
  });

  it('leaves alone what cannot be moved', () => {
    const buffer = Buffer.alloc(SIZE, 'x');
    markAsUntransferable(buffer.buffer);
    releaseMemory(buffer);
    expect(buffer.toString()).toBe('x'.repeat(SIZE));
  });
});

import { isArrayBuffer } from 'node:util/types';

/** The garbage collector takes smaller ones along sooner than they hurt, and cheaper. */
const WORTH_BYTES = 8 * 1024;

type Port = InstanceType<typeof MessageChannel>['port1'];
let nowhere: Port | undefined;

/**
 * Gives the memory of a buffer back at once, instead of when the garbage collector comes by. Whoever calls this has the
 * buffer to himself: it is empty afterwards, and so is every view of the same memory.
 *
 * V8 lets 32 MiB of dead buffers gather before it looks for any, so that each new one lies in memory that no cache holds:
 * a cipher took twice the time. What was released is what the next one gets.
 *
 * It is moved into a message for a port that is closed, where it ends (HTML Standard, 9.4.4, message port post message
 * steps: objects are transferred before the port is looked at). `ArrayBuffer.prototype.transfer(0)` would do, from Node 22 on.
 */
export function releaseMemory({ buffer, byteLength }: Uint8Array): void {
  // A view of more, as small buffers are of Node's pool, is not alone with its memory; nor are those who share it.
  if (byteLength < WORTH_BYTES || byteLength !== buffer.byteLength || !isArrayBuffer(buffer)) return;
  nowhere ??= closedPort();
  try {
    nowhere.postMessage(null, [buffer]);
  } catch (error) {
    // Memory that cannot be moved (Node marks what is not V8's) is left to the collector.
    if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error;
  }
}

function closedPort(): Port {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return port1;
}

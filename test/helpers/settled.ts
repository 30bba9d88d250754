import type { Socket } from 'node:net'

/** Waits until the kernel has taken something of what a socket writes, and takes no more. */
export async function settled(socket: Socket): Promise<void> {
  const handle = (socket as Socket & { _handle: { writeQueueSize: number } })._handle
  for (let before = -1; before !== handle.writeQueueSize || before === 0; ) {
    before = handle.writeQueueSize
    // Many turns of the event loop: after a single wait, a process that was kept waiting itself has not written yet.
    for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

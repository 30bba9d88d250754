import type { Socket } from 'node:net'

/** What libuv says of a socket. Node's own timeout looks at it too, but tells progress of the answer from none late. */
interface Handle {
  bytesWritten: number
  /** What the kernel has not taken yet. */
  writeQueueSize: number
}

/** Finds the sockets whose other end does not read. */
export interface StalledSockets {
  /** Looks after a socket until it closes. */
  watch(socket: Socket): void
  /**
   * To be called at equal intervals: those with output that has not moved at all for as many looks as the limit. Looks
   * are counted rather than time, so that a process that was stopped for a while blames nobody.
   */
  look(): Socket[]
}

/** @param limit how many looks without progress make a socket stalled */
export function createStalledSockets(limit: number): StalledSockets {
  const watched = new Map<Socket, { taken: number; looks: number }>()

  function isStalled([socket, state]: [Socket, { taken: number; looks: number }]): boolean {
    const taken = takenOf(socket)
    // A socket with nothing to write waits for a hash, the database or the client's next request: these have limits of
    // their own.
    if (socket.writableLength === 0 || taken !== state.taken) Object.assign(state, { taken, looks: 0 })
    else state.looks += 1
    return state.looks >= limit
  }

  return {
    watch(socket) {
      watched.set(socket, { taken: 0, looks: 0 })
      socket.once('close', () => watched.delete(socket))
    },
    look: () => [...watched].filter(isStalled).map(([socket]) => socket)
  }
}

/** How many bytes the kernel has taken: `bytesWritten` of the socket also counts what waits in the process. */
function takenOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null }
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0
}

import type { Socket } from 'node:net'

/** The libuv handle of a socket. Node's own timeout uses it too, but notices a stall late. */
interface Handle {
  bytesWritten: number
  /** Bytes that the kernel has not accepted yet. */
  writeQueueSize: number
}

/** Detects sockets whose peer does not read. */
export interface StalledSockets {
  /** Watches a socket until it closes. */
  watch(socket: Socket): void
  /**
   * Returns the stalled sockets; to be called at equal intervals. Calls are counted rather than time, so that no socket
   * is stalled because the process was suspended.
   */
  check(): Socket[]
}

/** @param limit a socket is stalled after this many checks with pending output and without progress */
export function createStalledSockets(limit: number): StalledSockets {
  const watched = new Map<Socket, { accepted: number; checks: number }>()

  function isStalled([socket, state]: [Socket, { accepted: number; checks: number }]): boolean {
    const accepted = acceptedBytes(socket)
    // A socket without pending output waits for a hash, the database or the next request, which have their own timeouts.
    if (socket.writableLength === 0 || accepted !== state.accepted) Object.assign(state, { accepted, checks: 0 })
    else state.checks += 1
    return state.checks >= limit
  }

  return {
    watch(socket) {
      watched.set(socket, { accepted: 0, checks: 0 })
      socket.once('close', () => watched.delete(socket))
    },
    check: () => [...watched].filter(isStalled).map(([socket]) => socket)
  }
}

/** The number of bytes that the kernel has accepted; `bytesWritten` of the socket includes those buffered in the process. */
function acceptedBytes(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null }
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0
}

/** The functions of the browser that a session uses, besides `fetch`. */
export interface Platform {
  locks: Pick<LockManager, 'request'> | undefined
  /** @returns undefined if there are no other tabs that could listen */
  openChannel(name: string): Channel | undefined
  /** Milliseconds since the page was opened: not changed by corrections of the clock, but it may stop in standby. */
  monotonicNow(): number
  /** Milliseconds since the epoch: the same in all tabs, and it goes on in standby. */
  wallNow(): number
  pause(ms: number): Promise<void>
  timeout(ms: number): AbortSignal
}

export interface Channel {
  onmessage: ((event: MessageEvent) => void) | null
  postMessage(message: unknown): void
  close(): void
}

export const platform: Platform = {
  get locks() {
    return globalThis.navigator?.locks
  },
  openChannel(name) {
    try {
      const channel = new BroadcastChannel(name) as BroadcastChannel & { unref?(): void }
      // In Node, on a server that renders pages, it would keep the process running.
      channel.unref?.()
      return channel
    } catch {
      // Some platforms have none, and a sandboxed frame may not use it.
      return undefined
    }
  },
  monotonicNow: () => performance.now(),
  wallNow: () => Date.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  timeout: (ms) => AbortSignal.timeout(ms)
}

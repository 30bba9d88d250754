import type { Clock } from '../clock.ts'
import type { Mailer } from './smtp.ts'
import type { Message } from './templates.ts'

/** A message that was kept rather than sent. */
export interface Kept extends Message {
  id: string
  /** When, in milliseconds since the epoch. */
  at: number
}

/** Where messages go while somebody tries the service out: into the memory of this process, and no further. */
export interface Mailbox extends Mailer {
  /** Those that are kept, the latest first. */
  list(): Kept[]
  find(id: string): Kept | undefined
}

/** How many messages are kept; the oldest make room. */
const CAPACITY = 100

export function createMailbox(clock: Clock): Mailbox {
  const kept = new Map<string, Kept>()

  return {
    async send(id, message) {
      kept.set(id, { id, at: clock.now(), ...message })
      if (kept.size > CAPACITY) kept.delete(kept.keys().next().value as string)
    },
    close() {},
    list: () => [...kept.values()].reverse(),
    find: (id) => kept.get(id)
  }
}

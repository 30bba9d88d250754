import type { Clock } from '../clock.ts'
import type { Mailer } from './smtp.ts'
import type { Message } from './templates.ts'

/** A message in the mailbox. */
export interface StoredMessage extends Message {
  id: string
  /** When it arrived, in milliseconds since the epoch. */
  at: number
}

/** Shows messages instead of sending them, while the service is tried out: kept in the memory of this process only. */
export interface DevMailbox extends Mailer {
  /** Where a browser shows it, with a token that is required there. */
  readonly url: string
  /** Its messages, the latest first. */
  list(): StoredMessage[]
  find(id: string): StoredMessage | undefined
}

/** How many messages are kept: the latest. */
const CAPACITY = 100

export function createDevMailbox(clock: Clock, url: string): DevMailbox {
  const stored = new Map<string, StoredMessage>()

  return {
    url,
    async send(id, message) {
      stored.set(id, { id, at: clock.now(), ...message })
      if (stored.size > CAPACITY) stored.delete(stored.keys().next().value as string)
    },
    close() {},
    list: () => [...stored.values()].reverse(),
    find: (id) => stored.get(id)
  }
}

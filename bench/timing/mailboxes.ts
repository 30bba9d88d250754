import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { SMTPServer } from 'smtp-server'

/** A received message with its time of arrival. */
export interface Arrival {
  at: number
  raw: string
}

/** A mail server in this process that records when each message arrives. */
export class Mailboxes {
  readonly url: string
  readonly #server: SMTPServer
  readonly #arrived: Map<string, Arrival[]>

  private constructor(server: SMTPServer, arrived: Map<string, Arrival[]>) {
    this.#server = server
    this.#arrived = arrived
    this.url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`
  }

  /** @param dialogue the time that it takes for each message, in milliseconds */
  static async open(dialogue: number): Promise<Mailboxes> {
    const arrived = new Map<string, Arrival[]>()
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      closeTimeout: 1,
      onRcptTo(_address, _session, done) {
        setTimeout(done, dialogue)
      },
      onData(stream, { envelope }, done) {
        const recipient = String(envelope.rcptTo[0]?.address).toLowerCase()
        text(stream).then((raw) => {
          arrived.set(recipient, [...(arrived.get(recipient) ?? []), { at: performance.now(), raw }])
          done()
        }, done)
      }
    })
    server.on('error', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Mailboxes(server, arrived)
  }

  /** Waits until a recipient has this number of messages. @throws Error after half a minute */
  async waitFor(recipient: string, count: number): Promise<Arrival[]> {
    const end = performance.now() + 30_000
    for (;;) {
      const arrived = this.#arrived.get(recipient.toLowerCase()) ?? []
      if (arrived.length >= count) return arrived
      if (performance.now() > end) throw new Error(`${arrived.length} of ${count} messages came to ${recipient}`)
      await pause(5)
    }
  }

  close(): void {
    this.#server.close()
  }
}

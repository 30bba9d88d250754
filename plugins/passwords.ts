import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { createHasher, type Hasher } from '../src/hasher.ts'
import { judgePassword, normalize } from '../src/password.ts'

/** The rules of new passwords, and the hashes of all. */
export interface Passwords extends Omit<Hasher, 'close'> {
  /**
   * Refuses a password that must not be chosen.
   *
   * @param names those of the account, which it must not be equal to
   * @param path the JSON pointer of its key in the body, where that is not `/password`
   * @throws Problem PASSWORD_REJECTED naming every rule that it breaks
   */
  accept(password: string, names: (string | null | undefined)[], path?: string): void
  /**
   * A preHandler hook for what strangers have hashed: refuses a request when the queue is full, or when the requests of
   * the last second would fill it. The hasher would refuse it too, but only after the account has been looked for and
   * its names counted. It comes after `limits.byAddress`: who has had its share takes no place from others.
   *
   * @throws Problem OVERLOADED
   */
  admit: preHandlerAsyncHookHandler
}

declare module 'fastify' {
  interface FastifyInstance {
    passwords: Passwords
  }
}

/** Who takes longer to get to the hasher, in milliseconds, is held up by the database, and not by the hashes. */
const MOMENT = 1000

export default fp(
  async (fastify) => {
    const { clock } = fastify
    const { BCRYPT_COST: cost, HASH_CONCURRENCY: concurrency, HASH_QUEUE: queue, PASSWORD_MIN } = fastify.config
    const unusable = (reason: string) => fastify.log.warn({ reason }, 'a stored password hash is not checked')
    const { close, ...hasher } = createHasher({ cost, concurrency, queue, unusable })
    fastify.addHook('onClose', close)

    function accept(password: string, names: (string | null | undefined)[], path?: string): void {
      const errors = judgePassword(normalize(password), PASSWORD_MIN, names, path)
      if (errors.length === 0) return
      const message = `The password ${errors.map((fault) => fault.message).join(', and ')}.`
      throw new Problem('PASSWORD_REJECTED', { message, errors })
    }

    /** When each came who is under way, in their order. */
    const arrivals = new Map<ServerResponse, number>()
    const admit: preHandlerAsyncHookHandler = async (_request, { raw }) => {
      const now = clock.now()
      for (const [other, arrival] of arrivals) {
        if (now - arrival < MOMENT) break
        arrivals.delete(other)
      }
      const { running, waiting } = hasher.gate
      if (arrivals.size >= concurrency + queue || (running >= concurrency && waiting >= queue)) {
        throw new Problem('OVERLOADED')
      }
      arrivals.set(raw, now)
      // Also for a client that has gone meanwhile, or had before.
      finished(raw, () => arrivals.delete(raw))
    }

    fastify.decorate('passwords', { accept, admit, ...hasher })
  },
  { name: 'passwords', dependencies: ['clock', 'config'] }
)

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
   * A preHandler hook for what a stranger may have hashed: refuses a request when as many are under way as may run and
   * wait. The hasher would refuse it too, but not before the database has been asked for it.
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

export default fp(
  async (fastify) => {
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

    let underWay = 0
    const admit: preHandlerAsyncHookHandler = async (_request, { raw }) => {
      if (underWay >= concurrency + queue) throw new Problem('OVERLOADED')
      underWay += 1
      // Also for a client that has gone meanwhile, or had before.
      finished(raw, () => {
        underWay -= 1
      })
    }

    fastify.decorate('passwords', { accept, admit, ...hasher })
  },
  { name: 'passwords', dependencies: ['config'] }
)

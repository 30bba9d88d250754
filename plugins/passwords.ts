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

    fastify.decorate('passwords', { accept, ...hasher })
  },
  { name: 'passwords', dependencies: ['config'] }
)

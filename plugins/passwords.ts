import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { FastifyReply, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import type { Admission } from '../src/concurrency/semaphore.ts'
import { Problem } from '../src/errors.ts'
import { networkOf } from '../src/http/client-address.ts'
import { createHasher, type Hasher } from '../src/passwords/hasher.ts'
import { judgePassword } from '../src/passwords/policy.ts'
import { type AccountNames, foldName } from '../src/users/names.ts'

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
   * A preHandler hook for every route that hashes: refuses a request when the queue or the share of its network is full,
   * or when the requests of the last second would fill it. The hasher would refuse it too, but only after the account has
   * been looked for and its names counted. It comes after `limits.byAddress`, so that a client over its limit takes no
   * place from others.
   *
   * @throws Problem OVERLOADED
   */
  admit: preHandlerAsyncHookHandler
  /** The same for a route that hashes only where its body has a password, under the key given. */
  admitFor(key: string): preHandlerAsyncHookHandler
  /**
   * What a request has its passwords hashed by, one after the other. It ends with the answer.
   *
   * @throws Problem OVERLOADED when two other requests hash for that account
   */
  admission(reply: FastifyReply, account: HashedFor): Admission
}

/** Whose places a hash takes, two of each at most. */
export interface HashedFor {
  /** The account of a client that has a session, a known device or a token from the mailbox. */
  owner?: string
  /**
   * The names that anybody may type: of an account all of them, but for a login what was typed alone, which must not tell
   * whether two names belong together. A known device takes none, so that strangers take none of its places.
   */
  typed?: Names
  /** The names that an account is to have. They have places of their own: registering holds up nobody who has the name. */
  registering?: Names
}

type Names = { [Name in keyof AccountNames]?: AccountNames[Name] | undefined }

declare module 'fastify' {
  interface FastifyInstance {
    passwords: Passwords
  }
}

/** In place of the time that a hash may wait, in milliseconds. */
const UNHURRIED = 600_000

/** A request that is older, in milliseconds, is waiting for the database, not for a hash. */
const ADMISSION_WINDOW = 1000

export default fp<AppOptions>(
  async (fastify, { unhurried = false }) => {
    const { clientAddress, clock } = fastify
    const { BCRYPT_COST: cost, HASH_CONCURRENCY: concurrency, HASH_QUEUE: queue, LIMITS, PASSWORD_MIN } = fastify.config
    const shared = LIMITS === 'on'
    const unusable = (reason: string) => fastify.log.warn({ reason }, 'a stored password hash is not checked')
    const { close, ...hasher } = createHasher({
      cost,
      concurrency,
      queue,
      unusable,
      ...(unhurried && { deadline: UNHURRIED })
    })
    fastify.addHook('onClose', close)

    function accept(password: string, names: (string | null | undefined)[], path?: string): void {
      const errors = judgePassword(password, PASSWORD_MIN, names, path)
      if (errors.length === 0) return
      const message = `The password ${errors.map((fault) => fault.message).join(', and ')}.`
      throw new Problem('PASSWORD_REJECTED', { message, errors })
    }

    const { semaphore } = hasher
    const networkFor = (reply: FastifyReply) => (shared ? networkOf(clientAddress(reply.request.raw)) : undefined)

    /** The requests under way that came within the last moment, in their order. */
    const arrivals = new Map<ServerResponse, { at: number; network: string | undefined }>()
    /** How many of them each network has. */
    const byNetwork = new Map<string | undefined, number>()
    function remove(response: ServerResponse): void {
      const arrival = arrivals.get(response)
      if (!arrival) return
      arrivals.delete(response)
      const left = Number(byNetwork.get(arrival.network)) - 1
      if (left === 0) byNetwork.delete(arrival.network)
      else byNetwork.set(arrival.network, left)
    }

    const admit: preHandlerAsyncHookHandler = async (_request, reply) => {
      const { raw } = reply
      const at = clock.now()
      for (const [other, arrival] of arrivals) {
        if (at - arrival.at < ADMISSION_WINDOW) break
        remove(other)
      }
      const network = networkFor(reply)
      const sameNetwork = byNetwork.get(network) ?? 0
      if (arrivals.size >= concurrency + queue) throw semaphore.refuse('queue_full')
      if (shared && sameNetwork >= concurrency + semaphore.share) throw semaphore.refuse('network')
      const reason = semaphore.refusalOf(network)
      if (reason) throw semaphore.refuse(reason)
      arrivals.set(raw, { at, network })
      byNetwork.set(network, sameNetwork + 1)
      // Also for a client that has gone meanwhile, or had before.
      finished(raw, () => remove(raw))
    }

    const admitFor = (key: string): preHandlerAsyncHookHandler =>
      async function (request, reply) {
        if (Object.hasOwn(Object(request.body), key)) await admit.call(this, request, reply)
      }

    function admission(reply: FastifyReply, account: HashedFor): Admission {
      const { raw, disconnected: signal } = reply
      const accounts = shared ? placesOf(account) : []
      const admission = semaphore.enter({ network: networkFor(reply), accounts, signal })
      // Before a client that has its answer can ask again.
      raw.once('finish', admission.leave).once('close', admission.leave)
      return admission
    }

    fastify.decorate('passwords', { accept, admission, admit, admitFor, ...hasher })
  },
  { name: 'passwords', dependencies: ['client-address', 'clock', 'config', 'disconnected'] }
)

/** The keys of places. */
function placesOf({ owner, typed = {}, registering = {} }: HashedFor): string[] {
  const named = (role: string, { username, email }: Names) =>
    [username, email].flatMap((name) => (name == null ? [] : [`${role} ${foldName(name.trim())}`]))
  return [
    ...(owner === undefined ? [] : [`owner ${owner}`]),
    ...named('typed', typed),
    ...named('registering', registering)
  ]
}

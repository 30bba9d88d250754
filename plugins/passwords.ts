import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { FastifyReply, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import type { Admission } from '../src/concurrency/semaphore.ts'
import { Problem } from '../src/errors.ts'
import { networkOf } from '../src/http/client-address.ts'
import { createHasher, type Hasher } from '../src/passwords/hasher.ts'
import { validatePassword } from '../src/passwords/policy.ts'
import type { AccountNames } from '../src/schemas/users.ts'
import { foldName } from '../src/users/names.ts'

/** The password policy, and hashing within the limits of the queue. */
export interface Passwords extends Omit<Hasher, 'close'> {
  /**
   * Checks a new password against the policy.
   *
   * @param names the names of the account, which the password must not equal
   * @param path the JSON pointer of its key in the body, if that is not `/password`
   * @throws Problem PASSWORD_REJECTED naming every rule that it breaks
   */
  accept(password: string, names: (string | null | undefined)[], path?: string): void
  /**
   * A preHandler hook for every route that hashes: refuses a request if the queue or its network's share of it is full, or
   * if the requests of the last second would fill it. The hasher would refuse it too, but only after the account was looked
   * up and the attempt counted. It comes after `limits.byAddress`, so that a client over its limit takes no place.
   *
   * @throws Problem OVERLOADED
   */
  admit: preHandlerAsyncHookHandler
  /** Makes the same hook for a route that hashes only if its body has a password, under the given key. */
  admitFor(key: string): preHandlerAsyncHookHandler
  /**
   * Takes the places in the queue for the hashes of a request, until its response is sent.
   *
   * @throws Problem OVERLOADED if two other requests hash for that account
   */
  admission(reply: FastifyReply, account: HashedFor): Admission
}

/** The owners of the places that a hash takes, of which each has two. */
export interface HashedFor {
  /** The account, if the client has a session, a known device or a token from the mailbox. */
  owner?: string
  /**
   * The names that anybody can type: all those of an account, except for a login, where only the typed name counts, so that
   * the places do not reveal which names belong together. A known device needs none: strangers cannot take its places.
   */
  typed?: Partial<AccountNames>
  /** The names of a new account. They have places of their own: a registration does not block the owner of a name. */
  registering?: Partial<AccountNames>
}

declare module 'fastify' {
  interface FastifyInstance {
    passwords: Passwords
  }
}

/** Replaces the deadline of a hash where tests ask for it, in milliseconds. */
const UNHURRIED = 600_000

/** The age from which a request no longer counts, in milliseconds: it waits for the database, not for a hash. */
const ADMISSION_WINDOW = 1000

/** Provides the password policy, and hashing within the limits of the queue. */
export default fp<AppOptions>(
  async (fastify, { unhurried = false, hashThreads: threads }) => {
    const { clientAddress, clock } = fastify
    const { BCRYPT_COST: cost, HASH_CONCURRENCY: concurrency, HASH_QUEUE: queue, LIMITS, PASSWORD_MIN } = fastify.config
    const shared = LIMITS === 'on'
    const unusable = (reason: string) => fastify.log.warn({ reason }, 'a stored password hash is not checked')
    const { close, ...hasher } = createHasher({
      cost,
      concurrency,
      queue,
      unusable,
      ...(threads && { threads }),
      ...(unhurried && { deadline: UNHURRIED })
    })
    fastify.addHook('onClose', close)

    function accept(password: string, names: (string | null | undefined)[], path?: string): void {
      const errors = validatePassword(password, PASSWORD_MIN, names, path)
      if (errors.length === 0) return
      const message = `The password ${errors.map((fault) => fault.message).join(', and ')}.`
      throw new Problem('PASSWORD_REJECTED', { message, errors })
    }

    const { semaphore } = hasher
    const networkFor = (reply: FastifyReply) => (shared ? networkOf(clientAddress(reply.request.raw)) : undefined)

    /** The pending requests that arrived within the admission window, in order of arrival. */
    const arrivals = new Map<ServerResponse, { at: number; network: string | undefined }>()
    /** Their number by network. */
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
      // Also called if the client has already disconnected.
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
      // At the latest when the client has the response, and may send its next request.
      raw.once('finish', admission.leave).once('close', admission.leave)
      return admission
    }

    fastify.decorate('passwords', { accept, admission, admit, admitFor, ...hasher })
  },
  { name: 'passwords', dependencies: ['client-address', 'clock', 'config', 'disconnected'] }
)

/** The keys of the places in the semaphore. */
function placesOf({ owner, typed = {}, registering = {} }: HashedFor): string[] {
  const named = (role: string, { username, email }: Partial<AccountNames>) =>
    [username, email].flatMap((name) => (name == null ? [] : [`${role} ${foldName(name.trim())}`]))
  return [
    ...(owner === undefined ? [] : [`owner ${owner}`]),
    ...named('typed', typed),
    ...named('registering', registering)
  ]
}

import type { FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { purgeRows } from '../../src/concurrency/purge.ts'
import type { Database } from '../../src/database/database.ts'
import { Problem } from '../../src/errors.ts'
import { networkOf, wideNetworkOf } from '../../src/http/client-address.ts'
import { createAddressCounts } from '../../src/limits/batched-counter.ts'
import {
  accountKeys,
  type DeviceKeys,
  devicesKey,
  limitKey,
  nameKeys,
  recipientKey
} from '../../src/limits/counter-keys.ts'
import { countWithin, purgeLimits } from '../../src/limits/counters.ts'
import { isDeviceOf } from '../../src/limits/device-token.ts'
import { countGuess, type GuessCount, refundGuesses, resetGuesses } from '../../src/limits/guesses.ts'
import { type Action, ADDRESS_LIMITS, ALL_ACCOUNTS_LIMIT, RECIPIENT_LIMIT } from '../../src/limits/rates.ts'
import { createRecentlySeen } from '../../src/limits/recently-seen.ts'
import type { NewMail } from '../../src/outbox/outbox.ts'
import type { DeviceOwner } from '../../src/users/credentials.ts'
import type { AccountNames } from '../../src/users/names.ts'

/** The names that a password is guessed for, and whose they are, where they are anybody's. */
export interface Guessed {
  /** What the password is for. */
  attempt: 'login' | 'password change' | 'email change' | 'account deletion'
  /** What was typed. */
  typed: Partial<AccountNames>
  account: (DeviceOwner & AccountNames) | undefined
}

/** What is throttled, in the words of the record. */
type Attempt = Guessed['attempt'] | 'registration' | Exclude<Action, 'register'>

/** What a refused attempt was aimed at: the keys of the names, and whose they are, where they are anybody's. */
interface Aim {
  names: Buffer[]
  account: string | undefined
}

const NOBODY: Aim = { names: [], account: undefined }

/** How often what may be tried. */
export interface Limits {
  /** A preHandler hook: counts a request by its client address. */
  byAddress(action: Action): preHandlerAsyncHookHandler
  /**
   * Does what stands and falls with a password. It is counted as a wrong one before it begins; when it succeeds, all is
   * forgotten, and when it ends in a 503, the count is taken back.
   *
   * @throws Problem TOO_MANY_REQUESTS, before anything is done
   */
  guessing<Result>(request: FastifyRequest, guessed: Guessed, work: () => Promise<Result>): Promise<Result>
  /**
   * Counts a mail that a client has asked for by its kind and whom it goes to, and says whether that is too much. It is no
   * refusal, which would tell that others ask for mails to that address. A mail that joins an address to an account is
   * counted for that account, and in a wider count for all accounts.
   *
   * @param database the transaction in which the mail is put into the outbox, where there is one
   */
  byRecipient(
    request: FastifyRequest,
    mail: Pick<NewMail, 'kind' | 'recipient' | 'userId'>,
    database?: Database
  ): Promise<{ throttled: boolean }>
}

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
  }
}

/** How often expired counters are deleted, in milliseconds. */
const PURGE_INTERVAL = 60_000

const MINUTE = 60_000

export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const { clientAddress, clock, config, deviceCookie, log } = fastify
    if (config.LIMITS === 'off') {
      log.warn('LIMITS is off: nothing slows down the guessing of passwords')
      fastify.decorate('limits', {
        byAddress: () => async () => {},
        guessing: (_request, _guessed, work) => work(),
        byRecipient: async () => ({ throttled: false })
      })
      return
    }
    const secret = fastify.deriveKey('limits')

    function byAddress(action: Action) {
      const countAddress = createAddressCounts(fastify.openDatabase, ADDRESS_LIMITS[action])
      return async (request: FastifyRequest) => {
        const address = clientAddress(request.raw)
        const wide = wideNetworkOf(address)
        const client = {
          key: limitKey(secret, action, networkOf(address)),
          wide: wide === undefined ? undefined : limitKey(secret, action, `${wide}/48`)
        }
        const count = await request.database.awaitShared(countAddress(client))
        if ('wait' in count) throw refuse(request, action === 'register' ? 'registration' : action, count)
      }
    }

    async function guessing<Result>(request: FastifyRequest, guessed: Guessed, work: () => Promise<Result>) {
      const { attempt, typed, account } = guessed
      // All keys come of the request alone, the same for every account and for none: comparing is all that is left.
      const device = deviceCookie.read(request)
      const keys = device && { own: limitKey(secret, 'device', device.nonce), all: devicesKey(secret, device.id) }
      const names = nameKeys(secret, typed)
      const known = isDeviceOf(device, account) ? keys : undefined
      const count = await countOnAll(request, names, known)
      if ('wait' in count) throw refuse(request, attempt, count, { names, account: account?.id })
      try {
        const result = await work()
        // Only an account has a right password.
        const forgiven = accountKeys(secret, { ...typed, ...(account as NonNullable<typeof account>) })
        await resetGuesses(request.database, known ? [known.own, ...forgiven] : forgiven)
        return result
      } catch (error) {
        if (error instanceof Problem && error.statusCode === 503) await takeBack(request, count.counted)
        throw error
      }
    }

    async function byRecipient(
      request: FastifyRequest,
      { kind, recipient, userId }: Pick<NewMail, 'kind' | 'recipient' | 'userId'>,
      database = request.database
    ) {
      const own = recipientKey(secret, kind, recipient, userId)
      let count = await countWithin(database, own, RECIPIENT_LIMIT)
      // What an account has no share left for uses up none of the others'.
      if (userId !== undefined && 'counted' in count) {
        count = await countWithin(database, recipientKey(secret, kind, recipient), ALL_ACCOUNTS_LIMIT)
      }
      const throttled = 'wait' in count
      if (throttled) recordOnce(request, 'mail')
      return { throttled }
    }

    /** Counts on the device, where it has guesses left, or else on each of the names: on all of them or on none. */
    async function countOnAll(
      request: FastifyRequest,
      names: Buffer[],
      device: DeviceKeys | undefined
    ): Promise<GuessCount> {
      const database = request.guessDatabase
      const keys: Buffer[] = []
      for (const name of names) {
        const count = await countGuess(database, { name, device }).catch(async (error) => {
          await takeBack(request, keys)
          throw error
        })
        if ('wait' in count) {
          await refundGuesses(database, keys)
          return count
        }
        keys.push(...count.counted)
        if (device && keys[0] === device.own) break
      }
      return { counted: keys }
    }

    /** The answer waits for it no longer than for all else of its request: it may come of a database that hangs. */
    async function takeBack(request: FastifyRequest, keys: Buffer[]): Promise<void> {
      if (keys.length === 0) return
      const taken = refundGuesses(fastify.openDatabase(), keys).catch((err) => {
        request.log.warn({ err }, 'could not take back what was counted')
      })
      await request.database.awaitShared(taken).catch(() => {})
    }

    /**
     * Recorded once a minute for a network and the names: a flood is refused cheaply, and must not fill the record. By the
     * names that were typed, and not by their account: otherwise names without one would be recorded less often.
     */
    const isFirst = createRecentlySeen(clock.now, MINUTE)
    function refuse(request: FastifyRequest, attempt: Attempt, { wait }: { wait: number }, guessed?: Aim): Problem {
      recordOnce(request, attempt, guessed)
      return new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(wait) } })
    }

    function recordOnce(request: FastifyRequest, attempt: Attempt, { names, account }: Aim = NOBODY): void {
      const network = networkOf(clientAddress(request.raw))
      const key = JSON.stringify([attempt, network, ...names.map((name) => name.toString('base64'))])
      if (isFirst(key)) request.record(`${attempt} throttled`, { account })
    }

    const purge = periodic({
      interval: PURGE_INTERVAL,
      work: (signal) => purgeRows((most) => purgeLimits(fastify.openDatabase(), most), signal),
      failed: (err) => log.warn({ err }, 'could not purge the limits'),
      timers
    })
    fastify.addHook('onClose', () => purge.stop())

    fastify.decorate('limits', { byAddress, guessing, byRecipient })
  },
  {
    name: 'limits',
    dependencies: ['audit', 'client-address', 'clock', 'config', 'database', 'device-cookie', 'derive-key']
  }
)

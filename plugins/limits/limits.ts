import type { FastifyInstance, FastifyRequest, preHandlerAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { purgeRows } from '../../src/concurrency/purge.ts'
import type { Database } from '../../src/database/database.ts'
import { Problem } from '../../src/errors.ts'
import { networkOf, wideNetworkOf } from '../../src/http/client-address.ts'
import { createBatchedCounter } from '../../src/limits/batched-counter.ts'
import {
  accountCodesKeys,
  accountKeys,
  codesKey,
  type DeviceKeys,
  deviceCodeKey,
  deviceCodesKey,
  deviceKey,
  devicesKey,
  limitKey,
  nameKeys,
  recipientKey
} from '../../src/limits/counter-keys.ts'
import { countWithin, purgeLimits } from '../../src/limits/counters.ts'
import { isDeviceOf } from '../../src/limits/device-token.ts'
import { countGuess, type GuessCount, refundGuesses, resetGuesses } from '../../src/limits/guesses.ts'
import {
  type Action,
  ADDRESS_LIMITS,
  ALL_ACCOUNTS_LIMIT,
  NOTICE_LIMIT,
  RECIPIENT_LIMIT
} from '../../src/limits/rates.ts'
import { createRecentlySeen } from '../../src/limits/recently-seen.ts'
import type { NewMail } from '../../src/mail/mails.ts'
import type { DeviceOwner } from '../../src/users/credentials.ts'
import type { AccountNames } from '../../src/users/names.ts'
import { createDeviceCookie, type DeviceCookie } from './device-cookie.ts'

/** A password attempt: the names that it is for, and their account if there is one. */
export interface Guessed {
  /** The purpose of the password. */
  attempt: 'login' | 'password' | 'password change' | 'email change' | 'account deletion'
  /** The names as they were typed. */
  typed: Partial<AccountNames>
  account: (DeviceOwner & AccountNames) | undefined
}

/** The kinds of attempt that are throttled, as the audit log names them. */
type Attempt = Guessed['attempt'] | 'registration' | Exclude<Action, 'register'>

/** The target of a refused attempt: the keys of the names, and the id of their account if there is one. */
interface Target {
  names: Buffer[]
  account: string | undefined
}

const NOBODY: Target = { names: [], account: undefined }

/** Rate limits: by client address, by name and by recipient. */
export interface Limits extends DeviceCookie {
  /** Makes a preHandler hook that counts requests by client address. */
  byAddress(action: Action): preHandlerAsyncHookHandler
  /**
   * Runs work that fails if a password is wrong. The attempt is counted as wrong before the work begins. A success resets
   * the counters; a 503 refunds the attempt.
   *
   * @throws Problem TOO_MANY_REQUESTS, before the work begins
   */
  guessing<Result>(request: FastifyRequest, guessed: Guessed, work: () => Promise<Result>): Promise<Result>
  /**
   * The same for the code or passkey of an account, whatever the factor. Passwords are counted apart, but a success resets
   * their counters too.
   *
   * @param work gets the number of failures in a row, this attempt included; 0 if nothing counts them
   */
  guessingCode<Result>(
    request: FastifyRequest,
    account: DeviceOwner & AccountNames,
    work: (failures: number) => Promise<Result>
  ): Promise<Result>
  /** Resets all counters of wrong passwords and codes of an account, after a sign-in without either. */
  resetGuesses(request: FastifyRequest, account: DeviceOwner & AccountNames): Promise<void>
  /** Whether it is the first time in 24 hours that an account is to be told of something. Counts it. */
  isFirstNotice(request: FastifyRequest, what: string, account: string): Promise<boolean>
  /**
   * Takes back what an attempt has counted in the database, since its outcome was never known. Bounded by the request's own
   * deadline: the database may be what hangs. A failure is only logged.
   */
  refund(request: FastifyRequest, work: (database: Database) => Promise<void>): Promise<void>
  /**
   * Counts a requested mail by its kind and recipient, and says whether that exceeds the limit. It does not throw: a
   * refusal would reveal that others request mails to that address. A mail that joins an address to an account is counted
   * for that account, and in a wider count for all accounts.
   *
   * @param database the transaction in which the mail is put into the outbox, if there is one
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

/** The interval between two purges of expired counters, in milliseconds. */
const PURGE_INTERVAL = 60_000

const MINUTE = 60_000

/** Counting by address, by name and by recipient, which LIMITS can turn off. */
type Counting = Omit<Limits, keyof DeviceCookie | 'refund'>

const UNLIMITED: Counting = {
  byAddress: () => async () => {},
  guessing: (_request, _guessed, work) => work(),
  guessingCode: (_request, _account, work) => work(0),
  resetGuesses: async () => {},
  isFirstNotice: async () => true,
  byRecipient: async () => ({ throttled: false })
}

export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const { clock, config, log } = fastify
    const deviceCookie = createDeviceCookie({ clock, config, key: fastify.deriveKey('device cookie') })
    const isOff = config.LIMITS === 'off'
    if (isOff) log.warn('LIMITS is off: nothing slows down the guessing of passwords')
    const refund = createRefund(fastify)
    const counting = isOff ? UNLIMITED : createCounting(fastify, deviceCookie, refund)
    fastify.decorate('limits', { ...deviceCookie, ...counting, refund })
    if (!isOff) purgeRegularly(fastify, timers)
  },
  { name: 'limits', dependencies: ['audit', 'client-address', 'clock', 'config', 'database', 'derive-key'] }
)

const createRefund =
  ({ database }: FastifyInstance): Limits['refund'] =>
  async (request, work) => {
    const refunded = work(database.open()).catch((err) => {
      request.log.warn({ err }, 'could not refund a counted attempt')
    })
    await request.database.awaitShared(refunded).catch(() => {})
  }

function createCounting(fastify: FastifyInstance, { deviceOf }: DeviceCookie, refund: Limits['refund']): Counting {
  const { clientAddress, clock, database: databases } = fastify
  const secret = fastify.deriveKey('limits')

  function byAddress(action: Action) {
    const countAddress = createBatchedCounter(databases.open, ADDRESS_LIMITS[action])
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
    // All keys are derived from the request alone: the cost does not tell whether the account exists.
    const device = deviceOf(request)
    const keys = device && { own: deviceKey(secret, device), all: devicesKey(secret, device.id) }
    const names = nameKeys(secret, typed)
    const known = isDeviceOf(device, account) ? keys : undefined
    const count = await countOnAll(request, names, known)
    if ('wait' in count) throw refuse(request, attempt, count, { names, account: account?.id })
    const result = await refunding(request, count, work)
    // The work succeeds only if there is an account.
    const own = accountKeys(secret, { ...typed, ...(account as NonNullable<typeof account>) })
    await resetGuesses(request.database, known ? [known.own, ...own] : own)
    return result
  }

  async function guessingCode<Result>(
    request: FastifyRequest,
    account: DeviceOwner & AccountNames,
    work: (failures: number) => Promise<Result>
  ) {
    const { id } = account
    const name = codesKey(secret, id)
    const device = deviceOf(request)
    const known = isDeviceOf(device, account) && { own: deviceCodeKey(secret, device), all: deviceCodesKey(secret, id) }
    const count = await countOnAll(request, [name], known || undefined)
    if ('wait' in count) throw refuse(request, 'second factor', count, { names: [name], account: id })
    const result = await refunding(request, count, () => work(count.failures))
    await resetAll(request, account)
    return result
  }

  /** The keys are in the order in which all statements lock them: those of codes, then those of passwords. */
  async function resetAll(request: FastifyRequest, account: DeviceOwner & AccountNames): Promise<void> {
    const device = deviceOf(request)
    const known = isDeviceOf(device, account)
    await resetGuesses(request.database, [
      ...(known ? [deviceCodeKey(secret, device)] : []),
      ...accountCodesKeys(secret, account.id),
      ...(known ? [deviceKey(secret, device)] : []),
      ...accountKeys(secret, account)
    ])
  }

  async function refunding<Result>(
    request: FastifyRequest,
    { counted }: { counted: Buffer[] },
    work: () => Promise<Result>
  ): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Problem && error.statusCode === 503) await refundKeys(request, counted)
      throw error
    }
  }

  async function isFirstNotice({ database }: FastifyRequest, what: string, account: string): Promise<boolean> {
    return 'counted' in (await countWithin(database, limitKey(secret, 'notice', what, account), NOTICE_LIMIT))
  }

  async function byRecipient(
    request: FastifyRequest,
    { kind, recipient, userId }: Pick<NewMail, 'kind' | 'recipient' | 'userId'>,
    database = request.database
  ) {
    const own = recipientKey(secret, kind, recipient, userId)
    let count = await countWithin(database, own, RECIPIENT_LIMIT)
    // A mail beyond the limit of its account does not use up the limit of all accounts.
    if (userId !== undefined && 'counted' in count) {
      count = await countWithin(database, recipientKey(secret, kind, recipient), ALL_ACCOUNTS_LIMIT)
    }
    const throttled = 'wait' in count
    if (throttled) recordOnce(request, 'mail')
    return { throttled }
  }

  /** Counts the attempt on the device if that has attempts left, or else on each name: on all of them or on none. */
  async function countOnAll(
    request: FastifyRequest,
    names: Buffer[],
    device: DeviceKeys | undefined
  ): Promise<GuessCount> {
    const database = databases.forGuess(request)
    const keys: Buffer[] = []
    let failures = 0
    for (const name of names) {
      const count = await countGuess(database, { name, device }).catch(async (error) => {
        await refundKeys(request, keys)
        throw error
      })
      if ('wait' in count) {
        await refundGuesses(database, keys)
        return count
      }
      keys.push(...count.counted)
      failures = Math.max(failures, count.failures)
      if (device && keys[0] === device.own) break
    }
    return { counted: keys, failures }
  }

  async function refundKeys(request: FastifyRequest, keys: Buffer[]): Promise<void> {
    if (keys.length > 0) await refund(request, (database) => refundGuesses(database, keys))
  }

  /**
   * Throttled attempts are recorded once a minute for a network and the names, so that a flood does not fill the audit
   * log. The names are those typed rather than those of the account: otherwise names without an account would be
   * recorded less often.
   */
  const isFirst = createRecentlySeen(clock.now, MINUTE)
  function refuse(request: FastifyRequest, attempt: Attempt, { wait }: { wait: number }, target?: Target): Problem {
    recordOnce(request, attempt, target)
    return new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(wait) } })
  }

  function recordOnce(request: FastifyRequest, attempt: Attempt, { names, account }: Target = NOBODY): void {
    const network = networkOf(clientAddress(request.raw))
    const key = JSON.stringify([attempt, network, ...names.map((name) => name.toString('base64'))])
    if (isFirst(key)) request.record(`${attempt} throttled`, { account })
  }

  return { byAddress, guessing, guessingCode, resetGuesses: resetAll, isFirstNotice, byRecipient }
}

/** Deletes expired counters until the service stops. */
function purgeRegularly(fastify: FastifyInstance, timers: AppOptions['timers']): void {
  const { database, log } = fastify
  const purge = periodic({
    interval: PURGE_INTERVAL,
    work: (signal) => purgeRows((most) => purgeLimits(database.open(), most), signal),
    failed: (err) => log.warn({ err }, 'could not purge the limits'),
    timers
  })
  fastify.addHook('onClose', () => purge.stop())
}

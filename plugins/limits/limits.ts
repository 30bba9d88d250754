import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { periodic } from '../../src/concurrency/periodic.ts'
import { purgeRows } from '../../src/concurrency/purge.ts'
import type { Database } from '../../src/database/database.ts'
import { Problem } from '../../src/errors.ts'
import { networkOf, wideNetworkOf } from '../../src/http/client-address.ts'
import { createBatchedCounter } from '../../src/limits/batched-counter.ts'
import { limitKey, recipientKey } from '../../src/limits/counter-keys.ts'
import { countWithin, purgeLimits } from '../../src/limits/counters.ts'
import {
  type Action,
  ADDRESS_LIMITS,
  ALL_ACCOUNTS_LIMIT,
  NOTICE_LIMIT,
  OPERATOR_LIMIT,
  RECIPIENT_LIMIT
} from '../../src/limits/rates.ts'
import { createRecentlySeen } from '../../src/limits/recently-seen.ts'
import type { NewMail } from '../../src/mail/mails.ts'
import { createDeviceCookie, type DeviceCookie } from './device-cookie.ts'
import { createGuessing, type Guessed, type Guessing, type Target, UNCOUNTED } from './guessing.ts'

/** The kinds of attempt that are throttled, as the audit log names them. */
type Attempt = Guessed['attempt'] | 'registration' | Exclude<Action, 'register'>

const NOBODY: Target = { names: [], account: undefined }

/** Rate limits: by client address, by name and by recipient. */
export interface Limits extends DeviceCookie, Guessing {
  /** Makes a hook that counts requests by client address. */
  byAddress(action: Action): (request: FastifyRequest) => Promise<void>
  /**
   * Counts a request to the admin API.
   *
   * @param operator id of the account or the service key
   * @throws Problem TOO_MANY_REQUESTS
   */
  byOperator(request: FastifyRequest, operator: string): Promise<void>
  /**
   * Counts a mail that an operator sends, apart from those that clients request: a stranger must not use up the limit.
   *
   * @param database the transaction in which the mail is put into the outbox
   * @throws Problem TOO_MANY_REQUESTS
   */
  mailByOperator(database: Database, mail: Pick<NewMail, 'kind' | 'recipient'>): Promise<void>
  /** Whether it is the first time in 24 hours that an account is to be told of something. Counts it. */
  isFirstNotice(request: FastifyRequest, what: string, account: string): Promise<boolean>
  /**
   * Undoes what an attempt has counted in the database. Bounded by the request's own deadline: the database may be what
   * hangs. A failure is only logged.
   */
  undo(request: FastifyRequest, work: (database: Database) => Promise<void>): Promise<void>
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
type Counting = Omit<Limits, keyof DeviceCookie | 'undo'>

const UNLIMITED: Counting = {
  byAddress: () => async () => {},
  ...UNCOUNTED,
  byOperator: async () => {},
  mailByOperator: async () => {},
  isFirstNotice: async () => true,
  byRecipient: async () => ({ throttled: false })
}

export default fp<AppOptions>(
  async (fastify, { timers }) => {
    const { clock, config, log } = fastify
    const deviceCookie = createDeviceCookie({ clock, config, key: fastify.deriveKey('device cookie') })
    const isOff = config.LIMITS === 'off'
    if (isOff) log.warn('LIMITS is off: nothing slows down the guessing of passwords')
    const undo = createUndo(fastify)
    const counting = isOff ? UNLIMITED : createCounting(fastify, deviceCookie, undo)
    fastify.decorate('limits', { ...deviceCookie, ...counting, undo })
    if (!isOff) purgeRegularly(fastify, timers)
  },
  { name: 'limits', dependencies: ['audit', 'client-address', 'clock', 'config', 'database', 'derive-key'] }
)

const createUndo =
  ({ database }: FastifyInstance): Limits['undo'] =>
  async (request, work) => {
    const undone = work(database.open()).catch((err) => {
      request.log.warn({ err }, 'could not undo what was counted')
    })
    await request.database.awaitShared(undone).catch(() => {})
  }

function createCounting(fastify: FastifyInstance, deviceCookie: DeviceCookie, undo: Limits['undo']): Counting {
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

  const countOperator = createBatchedCounter(databases.open, OPERATOR_LIMIT)
  async function byOperator(request: FastifyRequest, operator: string): Promise<void> {
    const key = limitKey(secret, 'operator', operator)
    const count = await request.database.awaitShared(countOperator({ key }))
    if ('wait' in count) throw tooMany(count)
  }

  async function mailByOperator(database: Database, { kind, recipient }: Pick<NewMail, 'kind' | 'recipient'>) {
    const count = await countWithin(database, recipientKey(secret, `operator: ${kind}`, recipient), RECIPIENT_LIMIT)
    if ('wait' in count) throw tooMany(count)
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

  /**
   * Throttled attempts are recorded once a minute for a network and the names, so that a flood does not fill the audit
   * log. The names are those typed rather than those of the account: otherwise names without an account would be
   * recorded less often.
   */
  const isFirst = createRecentlySeen(clock.now, MINUTE)
  function refuse(request: FastifyRequest, attempt: Attempt, { wait }: { wait: number }, target?: Target): Problem {
    recordOnce(request, attempt, target)
    return tooMany({ wait })
  }

  function recordOnce(request: FastifyRequest, attempt: Attempt, { names, account, method }: Target = NOBODY): void {
    const network = networkOf(clientAddress(request.raw))
    const key = JSON.stringify([attempt, network, ...names.map((name) => name.toString('base64'))])
    if (isFirst(key)) request.record(`${attempt} throttled`, { account, ...(method && { detail: { method } }) })
  }

  const guessing = createGuessing({ databases, deviceCookie, secret, refuse, undo })
  return { byAddress, ...guessing, byOperator, mailByOperator, isFirstNotice, byRecipient }
}

const tooMany = ({ wait }: { wait: number }) =>
  new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(wait) } })

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

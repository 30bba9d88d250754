import type { FastifyRequest } from 'fastify'
import type { Database } from '../../src/database/database.ts'
import { Problem, type Proof } from '../../src/errors.ts'
import {
  accountCodesKeys,
  accountKeys,
  codesKey,
  type DeviceKeys,
  deviceCodeKey,
  deviceCodesKey,
  deviceKey,
  devicesKey,
  nameKeys
} from '../../src/limits/counter-keys.ts'
import { isDeviceOf } from '../../src/limits/device-token.ts'
import { countGuess, type GuessCount, refundGuesses, resetGuesses } from '../../src/limits/guesses.ts'
import type { AccountNames } from '../../src/schemas/users.ts'
import type { DeviceOwner } from '../../src/users/credentials.ts'
import type { Databases } from '../database/database.ts'
import type { DeviceCookie } from './device-cookie.ts'

/** An attempt with a password: its names, and their account if there is one. */
export interface Guessed {
  /** The purpose of the password. */
  attempt: 'login' | 'password' | 'password change' | 'email change' | 'account deletion'
  /** The names as typed, or those of the signed-in account. */
  typed: Partial<AccountNames>
  account: GuessedAccount | undefined
}

/** An account whose guesses are counted. */
type GuessedAccount = DeviceOwner & AccountNames

/** The target of a throttled attempt: the keys of the names, and the id of their account if there is one. */
export interface Target {
  names: Buffer[]
  account: string | undefined
  /** The kind of the second factor. */
  method?: Proof | undefined
}

/** An attempt with the answer of a second factor. */
export interface GuessedCode {
  account: GuessedAccount
  /** The kind of the factor. */
  method: Proof | undefined
}

/** Counts wrong passwords, and wrong codes of second factors, and throttles attempts after too many. */
export interface Guessing {
  /**
   * Runs work that throws if a password is wrong. The attempt is counted as wrong before the work begins. A success
   * resets the counters; a 503 refunds the attempt.
   *
   * @throws Problem TOO_MANY_REQUESTS, before the work begins
   */
  guessing<Result>(request: FastifyRequest, guessed: Guessed, work: () => Promise<Result>): Promise<Result>
  /**
   * Like `guessing`, for the answers of all second factors of an account. They and passwords have separate counters,
   * but a success resets both. If the work fails with another Problem than MFA_CODE_INVALID, the answer was not wrong: the
   * attempt is refunded.
   *
   * @param work gets the number of consecutive failures, including this attempt; 0 without limits
   * @throws Problem TOO_MANY_REQUESTS, before the work begins
   */
  guessingCode<Result>(
    request: FastifyRequest,
    guessed: GuessedCode,
    work: (failures: number) => Promise<Result>
  ): Promise<Result>
  /** Resets all counters of wrong passwords and codes of an account, after a sign-in that used neither. */
  resetGuesses(request: FastifyRequest, account: GuessedAccount): Promise<void>
}

/** The implementation if limits are switched off: counts nothing. */
export const UNCOUNTED: Guessing = {
  guessing: (_request, _guessed, work) => work(),
  guessingCode: (_request, _guessed, work) => work(0),
  resetGuesses: async () => {}
}

interface Parts {
  databases: Databases
  deviceCookie: Pick<DeviceCookie, 'deviceOf'>
  /** The key of the counters. */
  secret: Buffer
  undo(request: FastifyRequest, work: (database: Database) => Promise<void>): Promise<void>
  /** Records a throttled attempt, and returns the refusal. */
  refuse(
    request: FastifyRequest,
    attempt: Guessed['attempt'] | 'second factor',
    count: { wait: number },
    target: Target
  ): Problem
}

const isUnavailable = ({ statusCode }: Problem) => statusCode === 503

/** For example, because the session has ended meanwhile. */
const isNoGuess = ({ code }: Problem) => code !== 'MFA_CODE_INVALID'

export function createGuessing({ databases, deviceCookie, secret, refuse, undo }: Parts): Guessing {
  const { deviceOf } = deviceCookie

  async function guessing<Result>(request: FastifyRequest, guessed: Guessed, work: () => Promise<Result>) {
    const { attempt, typed, account } = guessed
    // All keys are derived from the request alone: the cost does not tell whether the account exists.
    const device = deviceOf(request)
    const keys = device && { own: deviceKey(secret, device), all: devicesKey(secret, device.id) }
    const names = nameKeys(secret, typed)
    const known = isDeviceOf(device, account) ? keys : undefined
    const count = await countOnAll(request, names, known)
    if ('wait' in count) throw refuse(request, attempt, count, { names, account: account?.id })
    return refunding(request, count, isUnavailable, async () => {
      const result = await work()
      // The work succeeds only if there is an account.
      const own = accountKeys(secret, { ...typed, ...(account as NonNullable<typeof account>) })
      await resetGuesses(request.database, known ? [known.own, ...own] : own)
      return result
    })
  }

  async function guessingCode<Result>(
    request: FastifyRequest,
    { account, method }: GuessedCode,
    work: (failures: number) => Promise<Result>
  ) {
    const { id } = account
    const name = codesKey(secret, id)
    const device = deviceOf(request)
    const known = isDeviceOf(device, account) && { own: deviceCodeKey(secret, device), all: deviceCodesKey(secret, id) }
    const count = await countOnAll(request, [name], known || undefined)
    if ('wait' in count) throw refuse(request, 'second factor', count, { names: [name], account: id, method })
    const result = await refunding(request, count, isNoGuess, () => work(count.failures))
    await resetAll(request, account)
    return result
  }

  /** The keys are in the order in which all statements lock them: those of codes, then those of passwords. */
  async function resetAll(request: FastifyRequest, account: GuessedAccount): Promise<void> {
    const device = deviceOf(request)
    const known = isDeviceOf(device, account)
    const keys = [
      ...(known ? [deviceCodeKey(secret, device)] : []),
      ...accountCodesKeys(secret, account.id),
      ...(known ? [deviceKey(secret, device)] : []),
      ...accountKeys(secret, account)
    ]
    // The sign-in is stored: a database that fails now must not turn it into a refusal.
    await undo(request, (database) => resetGuesses(database, keys))
  }

  async function refunding<Result>(
    request: FastifyRequest,
    { counted }: { counted: Buffer[] },
    isRefunded: (problem: Problem) => boolean,
    work: () => Promise<Result>
  ): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Problem && isRefunded(error)) await refundKeys(request, counted)
      throw error
    }
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
    if (keys.length > 0) await undo(request, (database) => refundGuesses(database, keys))
  }

  return { guessing, guessingCode, resetGuesses: resetAll }
}

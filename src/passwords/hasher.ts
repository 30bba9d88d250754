import { randomBytes } from 'node:crypto'
import bcrypt from 'bcrypt'
import { Piscina } from 'piscina'
import { type Admission, createSemaphore, type Semaphore } from '../concurrency/semaphore.ts'
import { Problem } from '../errors.ts'
import type { HashTask } from './hash-worker.js'
import { MAX_BYTES, normalize } from './policy.ts'
import { costExcess, NO_PASSWORD, readHash, type StoredHash } from './stored-hash.ts'

/** Makes bcrypt hashes, and checks these and those of other services, a bounded number at once, beside the event loop. */
export interface Hasher {
  /**
   * @param admission the request for which it is done; an operator has none
   * @throws Problem OVERLOADED as `Semaphore` refuses
   */
  hash(password: string, admission?: Admission): Promise<string>
  /**
   * Whether the password is the one of the hash. Without a hash, or with a password longer than bcrypt sees, the
   * answer is no and costs as much time (OWASP ASVS 5.0 §6.3.8). Hashes that are not bcrypt's see passwords of any
   * length.
   *
   * @throws Problem OVERLOADED as `Semaphore` refuses
   */
  verify(password: string, hash: string | undefined, admission?: Admission): Promise<boolean>
  /**
   * A new hash of the password, when its present one was made in another way or at another cost than the one asked for
   * today. When too many wait there is none: the next login will do. There is none of a password that is longer than
   * bcrypt sees.
   */
  renew(password: string, hash: string, admission?: Admission): Promise<string | undefined>
  readonly semaphore: Omit<Semaphore, 'run'>
  close(): Promise<void>
}

interface HasherOptions {
  cost: number
  concurrency: number
  queue: number
  /** How long a hash may wait for its turn, in milliseconds. */
  deadline?: number
  /** Told why a stored hash is not checked. */
  unusable?: (reason: string) => void
}

/** Below the event loop's, so that answering comes before hashing (see nice(2)). */
const NICE = 10

/** By default, in milliseconds. */
const DEADLINE = 10_000

/** A thread that has had nothing to do for this long, in milliseconds, gives its memory back. */
const IDLE = 60_000

export function createHasher({
  cost,
  concurrency,
  queue,
  deadline = DEADLINE,
  unusable = () => {}
}: HasherOptions): Hasher {
  const semaphore = createSemaphore(concurrency, queue, { deadline })
  const workers = new Piscina<HashTask, string | boolean>({
    filename: new URL('hash-worker.js', import.meta.url).href,
    // Neither the options of this process, which may name loaders to start, nor its environment, which holds secrets.
    execArgv: [],
    env: {},
    minThreads: 0,
    maxThreads: concurrency,
    idleTimeout: IDLE,
    niceIncrement: NICE
  })
  const unmatched = readHash(
    bcrypt.genSaltSync(cost) + randomBytes(31).toString('base64url').slice(0, 31).replaceAll(/[-_]/g, '.')
  ) as StoredHash
  const run = (task: HashTask, admission: Pick<Admission, 'run'> = semaphore) => admission.run(() => workers.run(task))

  const hash = (password: string, admission?: Admission) =>
    run({ password: normalize(password), cost }, admission) as Promise<string>

  function usable(present: string): StoredHash | undefined {
    if (present === NO_PASSWORD) return undefined
    const stored = readHash(present)
    const reason = stored ? costExcess(stored) : 'it is in no known form'
    if (reason === undefined) return stored
    unusable(reason)
    return undefined
  }

  return {
    hash,
    async verify(password, present, admission) {
      const stored = present === undefined ? undefined : usable(present)
      const hash = stored ?? unmatched
      const form = formFor(hash, password)
      const fits = hash.algorithm !== 'bcrypt' || fitsBcrypt(form)
      const matches = await run(fits ? { password: form, hash } : { password: '', hash: unmatched }, admission)
      return matches === true && stored !== undefined && fits
    },
    async renew(password, present, admission) {
      const upToDate = present.startsWith('$2b$') && bcrypt.getRounds(present) === cost
      if (upToDate || !fitsBcrypt(normalize(password))) return undefined
      return hash(password, admission).catch((error) => {
        if (error instanceof Problem) return undefined
        throw error
      })
    },
    semaphore,
    close: () => workers.destroy()
  }
}

/**
 * The one form of a password that a hash is checked with, so that any password costs one hash. bcrypt is always checked
 * with NFC, of which ours is made: what is imported cannot be told from it. Other hashes are checked with what their
 * service made them of, which is NFKC for better-auth and what was typed for the rest.
 */
function formFor(hash: StoredHash, password: string): string {
  if (hash.algorithm === 'bcrypt') return normalize(password)
  return isOfBetterAuth(hash) ? password.normalize('NFKC') : password
}

/** better-auth's parameters; its salt is the text of 32 hexadecimal digits. */
const isOfBetterAuth = (hash: StoredHash) =>
  hash.algorithm === 'scrypt' &&
  !hash.firebase &&
  hash.logN === 14 &&
  hash.r === 16 &&
  hash.p === 1 &&
  hash.salt.length === 32

const fitsBcrypt = (password: string) => Buffer.byteLength(password) <= MAX_BYTES

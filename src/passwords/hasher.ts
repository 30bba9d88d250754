import { randomBytes } from 'node:crypto'
import bcrypt from 'bcrypt'
import { Piscina } from 'piscina'
import { type Admission, createSemaphore, type Semaphore } from '../concurrency/semaphore.ts'
import { Problem } from '../errors.ts'
import type { HashTask } from './hash-worker.js'
import { MAX_BYTES, normalize } from './policy.ts'
import { costExcess, readHash, type StoredHash } from './stored-hash.ts'

/** Hashes and verifies passwords in worker threads, with bounded concurrency and a fair queue. */
export interface Hasher {
  /**
   * Hashes a password with bcrypt.
   *
   * @param admission the request's place in the queue; an operator has none
   * @throws Problem OVERLOADED if the queue is full, or the wait takes too long
   */
  hash(password: string, admission?: Admission): Promise<string>
  /**
   * Verifies a password. Without a hash, or if bcrypt would truncate the password, it returns false in the same time,
   * so that answers do not reveal which accounts exist (OWASP ASVS 5.0 §6.3.8). Other algorithms take passwords of any
   * length.
   *
   * @throws Problem OVERLOADED if the queue is full, or the wait takes too long
   */
  verify(password: string, hash: string | null | undefined, admission?: Admission): Promise<boolean>
  /**
   * Hashes a verified password again if its hash has another algorithm or cost than configured.
   *
   * @returns undefined if the hash is up to date, if bcrypt would truncate the password, or if the queue is full: the
   * next login tries again
   */
  renew(password: string, hash: string, admission?: Admission): Promise<string | undefined>
  /** The queue, for metrics and admission. */
  readonly semaphore: Omit<Semaphore, 'run'>
  /** Terminates the worker threads. */
  close(): Promise<void>
}

/** Worker threads that hash. They start on demand. */
export type HashThreads = Piscina<HashTask, string | boolean>

interface HasherOptions {
  /** bcrypt cost. */
  cost: number
  /** Number of worker threads. */
  concurrency: number
  /** Length of the queue. */
  queue: number
  /** Maximum wait in the queue, in milliseconds. */
  deadline?: number
  /** Called with the reason if a stored hash cannot be verified. */
  unusable?: (reason: string) => void
  /** Threads to use instead of own ones. They are not terminated. */
  threads?: HashThreads
}

/** Lowers the priority of worker threads below that of the event loop, see nice(2). */
const NICE = 10

/** Milliseconds. */
const DEADLINE = 10_000

/** Idle worker threads end after this time, in milliseconds. */
const IDLE = 60_000

/** Creates the worker threads of a hasher, at most `concurrency` of them. */
export const createHashThreads = (concurrency: number): HashThreads =>
  new Piscina({
    filename: new URL('hash-worker.js', import.meta.url).href,
    // Workers inherit neither the options of the process (loaders) nor its environment (secrets).
    execArgv: [],
    env: {},
    minThreads: 0,
    maxThreads: concurrency,
    idleTimeout: IDLE,
    niceIncrement: NICE
  })

/** Creates a hasher. */
export function createHasher({
  cost,
  concurrency,
  queue,
  deadline = DEADLINE,
  unusable = () => {},
  threads
}: HasherOptions): Hasher {
  const semaphore = createSemaphore(concurrency, queue, { deadline })
  const workers = threads ?? createHashThreads(concurrency)
  // Verified in place of a missing hash, to take the same time. No password matches it.
  const dummy = readHash(
    bcrypt.genSaltSync(cost) + randomBytes(31).toString('base64url').slice(0, 31).replaceAll(/[-_]/g, '.')
  ) as StoredHash
  const run = (task: HashTask, admission: Pick<Admission, 'run'> = semaphore) => admission.run(() => workers.run(task))

  const hash = (password: string, admission?: Admission) =>
    run({ password: normalize(password), cost }, admission) as Promise<string>

  function usable(present: string): StoredHash | undefined {
    const stored = readHash(present)
    const reason = stored ? costExcess(stored) : 'it has no known format'
    if (reason === undefined) return stored
    unusable(reason)
    return undefined
  }

  return {
    hash,
    async verify(password, present, admission) {
      const stored = present == null ? undefined : usable(present)
      const hash = stored ?? dummy
      const form = normalFormFor(hash, password)
      const fits = hash.algorithm !== 'bcrypt' || fitsBcrypt(form)
      const matches = await run(fits ? { password: form, hash } : { password: '', hash: dummy }, admission)
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
    close: async () => {
      if (!threads) await workers.destroy()
    }
  }
}

/**
 * The Unicode form in which a password is verified. Only one form is tried, so that every attempt costs one hash.
 * bcrypt uses NFC, as our own hashes do; imported bcrypt hashes cannot be told from these. Other hashes use the form of
 * their service: NFKC for better-auth, unchanged for the others.
 */
function normalFormFor(hash: StoredHash, password: string): string {
  if (hash.algorithm === 'bcrypt') return normalize(password)
  return isOfBetterAuth(hash) ? password.normalize('NFKC') : password
}

/** Recognizes better-auth by its scrypt parameters. Its salt is the text of 32 hexadecimal digits. */
const isOfBetterAuth = (hash: StoredHash) =>
  hash.algorithm === 'scrypt' &&
  !hash.firebase &&
  hash.logN === 14 &&
  hash.r === 16 &&
  hash.p === 1 &&
  hash.salt.length === 32

const fitsBcrypt = (password: string) => Buffer.byteLength(password) <= MAX_BYTES

import { randomBytes } from 'node:crypto'
import bcrypt from 'bcrypt'
import { Piscina } from 'piscina'
import { Problem } from './errors.ts'
import { createGate, type Gate } from './gate.ts'
import type { HashTask } from './hash-worker.js'
import { MAX_BYTES, normalize } from './password.ts'
import { excessOf, NO_PASSWORD, readHash, type StoredHash } from './stored-hash.ts'

/** Makes bcrypt hashes, and checks these and those of other services, a bounded number at once, beside the event loop. */
export interface Hasher {
  /** @throws Problem OVERLOADED when too many wait */
  hash(password: string, signal?: AbortSignal): Promise<string>
  /**
   * Whether the password is the one of the hash. Without a hash, or with a password longer than bcrypt sees, the
   * answer is no and costs as much time (OWASP ASVS 5.0 §6.3.8). Hashes that are not bcrypt's see passwords of any
   * length.
   *
   * @throws Problem OVERLOADED when too many wait
   */
  verify(password: string, hash: string | undefined, signal?: AbortSignal): Promise<boolean>
  /**
   * A new hash of the password, when its present one was made in another way or at another cost than the one asked for
   * today. When too many wait there is none: the next login will do. There is none of a password that is longer than
   * bcrypt sees.
   */
  renew(password: string, hash: string, signal?: AbortSignal): Promise<string | undefined>
  readonly gate: Pick<Gate, 'running' | 'waiting'>
  close(): Promise<void>
}

interface HasherOptions {
  cost: number
  concurrency: number
  queue: number
  /** Told why a stored hash is not checked. */
  unusable?: (reason: string) => void
}

/** Below the event loop's, so that answering comes before hashing (see nice(2)). */
const NICE = 10

/** A thread that has had nothing to do for this long, in milliseconds, gives its memory back. */
const IDLE = 60_000

export function createHasher({ cost, concurrency, queue, unusable = () => {} }: HasherOptions): Hasher {
  const gate = createGate(concurrency, queue)
  const workers = new Piscina<HashTask, string | boolean>({
    filename: new URL('hash-worker.js', import.meta.url).href,
    // None of this process's own: a loader that it runs under would be started in every thread.
    execArgv: [],
    minThreads: 0,
    maxThreads: concurrency,
    idleTimeout: IDLE,
    niceIncrement: NICE
  })
  const unmatched = readHash(
    bcrypt.genSaltSync(cost) + randomBytes(31).toString('base64url').slice(0, 31).replaceAll(/[-_]/g, '.')
  ) as StoredHash
  const run = (task: HashTask, signal?: AbortSignal) => gate.run(() => workers.run(task), signal)

  const hash = (password: string, signal?: AbortSignal) =>
    run({ password: normalize(password), cost }, signal) as Promise<string>

  function usable(present: string): StoredHash | undefined {
    if (present === NO_PASSWORD) return undefined
    const stored = readHash(present)
    const reason = stored ? excessOf(stored) : 'it is in no known form'
    if (reason === undefined) return stored
    unusable(reason)
    return undefined
  }

  return {
    hash,
    async verify(password, present, signal) {
      const stored = present === undefined ? undefined : usable(present)
      const passwords = formsOf(password, stored)
      const possible = stored !== undefined && passwords.length > 0
      const task = possible ? { passwords, hash: stored } : { passwords: or(passwords, ['']), hash: unmatched }
      return (await run(task, signal)) === true && possible
    },
    async renew(password, present, signal) {
      const upToDate = present.startsWith('$2b$') && bcrypt.getRounds(present) === cost
      if (upToDate || !fitsBcrypt(normalize(password))) return undefined
      return hash(password, signal).catch((error) => {
        if (error instanceof Problem) return undefined
        throw error
      })
    },
    gate,
    close: () => workers.destroy()
  }
}

/**
 * The forms of a password that a hash may have been made of, without repetition: ours are made of NFC, those of other
 * services also of what was typed, or of NFKC. An unknown account has as many as one with bcrypt, to take as much time.
 */
function formsOf(password: string, hash: StoredHash | undefined): string[] {
  const foreign = hash !== undefined && hash.algorithm !== 'bcrypt'
  const forms = new Set([normalize(password), password])
  return foreign ? [...forms.add(password.normalize('NFKC'))] : [...forms].filter(fitsBcrypt)
}

const fitsBcrypt = (password: string) => Buffer.byteLength(password) <= MAX_BYTES

const or = (some: string[], others: string[]) => (some.length > 0 ? some : others)

import { randomBytes } from 'node:crypto'
import bcrypt from 'bcrypt'
import { Piscina } from 'piscina'
import { Problem } from './errors.ts'
import { createGate, type Gate } from './gate.ts'
import type { HashTask } from './hash-worker.js'
import { MAX_BYTES, normalize } from './password.ts'

/** Makes and checks bcrypt hashes, a bounded number at once, beside the event loop. */
export interface Hasher {
  /** @throws Problem OVERLOADED when too many wait */
  hash(password: string, signal?: AbortSignal): Promise<string>
  /**
   * Whether the password is the one of the hash. Without a hash, or with a password longer than bcrypt sees, the
   * answer is no and costs as much time (OWASP ASVS 5.0 §6.3.8).
   *
   * @throws Problem OVERLOADED when too many wait
   */
  verify(password: string, hash: string | undefined, signal?: AbortSignal): Promise<boolean>
  /**
   * A new hash of the password, when its present one was made at another cost than the one asked for today. When too
   * many wait there is none: the next login will do.
   */
  renew(password: string, hash: string, signal?: AbortSignal): Promise<string | undefined>
  readonly gate: Pick<Gate, 'running' | 'waiting'>
  close(): Promise<void>
}

interface HasherOptions {
  cost: number
  concurrency: number
  queue: number
}

/** Below the event loop's, so that answering comes before hashing (see nice(2)). */
const NICE = 10

/** A thread that has had nothing to do for this long, in milliseconds, gives its memory back. */
const IDLE = 60_000

export function createHasher({ cost, concurrency, queue }: HasherOptions): Hasher {
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
  const unmatched =
    bcrypt.genSaltSync(cost) + randomBytes(31).toString('base64url').slice(0, 31).replaceAll(/[-_]/g, '.')
  const run = (task: HashTask, signal?: AbortSignal) => gate.run(() => workers.run(task), signal)

  const hash = (password: string, signal?: AbortSignal) =>
    run({ password: normalize(password), cost }, signal) as Promise<string>

  return {
    hash,
    async verify(password, present, signal) {
      const normal = normalize(password)
      const possible = present !== undefined && Buffer.byteLength(normal) <= MAX_BYTES
      const matches = await run({ password: normal, hash: possible ? present : unmatched }, signal)
      return possible && matches === true
    },
    async renew(password, present, signal) {
      if (bcrypt.getRounds(present) === cost) return undefined
      return hash(password, signal).catch((error) => {
        if (error instanceof Problem) return undefined
        throw error
      })
    },
    gate,
    close: () => workers.destroy()
  }
}

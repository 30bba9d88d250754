import { Problem } from '../errors.ts'

/** The request for which tasks run. Limits apply to the keys that are given. */
interface Requester {
  /** Keys of the account, such as its names; each has its own limit. */
  accounts?: readonly string[]
  /** The network of the client. */
  network?: string | undefined
  /** Aborting it removes a waiting task from the queue, and refuses later tasks. A running task continues. */
  signal?: AbortSignal
}

/** Runs the tasks of one requester. */
export interface Admission {
  /**
   * Runs the task now, or when its turn comes. The first task takes a place of each account; `leave` releases them.
   *
   * @throws Problem OVERLOADED if the queue, or the share of the account or network, is full; if the task has waited
   * until the deadline; or if the signal is aborted before it runs
   */
  run<Result>(task: () => Promise<Result>): Promise<Result>
  /** Releases the places of the accounts, once no task runs. Idempotent. */
  leave(): void
}

/** Reasons for refusing a task; they are labels of a metric. */
export const REASONS = ['queue_full', 'account', 'network', 'deadline'] as const
export type Reason = (typeof REASONS)[number]

/**
 * A semaphore with a bounded and fair queue: an account has two places, a network may fill a quarter of the queue, and
 * networks take turns. Tasks beyond that are refused. Replaces p-queue, async-mutex and cockatiel, which have one queue
 * for all.
 */
export interface Semaphore {
  /** Runs one task: `enter`, `run` and `leave`. */
  run<Result>(task: () => Promise<Result>, requester?: Requester): Promise<Result>
  /** @throws Problem OVERLOADED if all places of an account are taken */
  enter(requester: Requester): Admission
  /** The reason for which a task of the network would be refused now, if any. */
  refusalOf(network: string | undefined): Reason | undefined
  /** Counts a refusal and returns its answer. */
  refuse(reason: Reason): Problem
  /** The maximum number of waiting tasks of one network. */
  readonly share: number
  readonly running: number
  readonly waiting: number
  /** The number of refusals since the start. */
  readonly refused: Readonly<Record<Reason, number>>
}

interface SemaphoreOptions {
  /** The maximum wait of a task, in milliseconds; unlimited by default. */
  deadline?: number
  /** Calls back after a delay, in milliseconds. Returns a function that cancels it. */
  after?: (milliseconds: number, callback: () => void) => () => void
}

/** The maximum number of concurrent requests of one account. */
const ACCOUNT_PLACES = 2

/** The share of the queue that one network may fill. */
const NETWORK_SHARE = 1 / 4

/**
 * @param concurrency the maximum number of running tasks
 * @param queue the maximum number of waiting tasks
 */
export function createSemaphore(
  concurrency: number,
  queue: number,
  { deadline, after = afterTimeout }: SemaphoreOptions = {}
): Semaphore {
  /** Callbacks of the waiting tasks by network; the first network has the next turn. */
  const lines = new Map<string | undefined, Set<() => void>>()
  /** The number of places that are taken, by account. */
  const places = new Map<string, number>()
  const refused = { queue_full: 0, account: 0, network: 0, deadline: 0 }
  const share = Math.min(queue, Math.max(1, Math.floor(queue * NETWORK_SHARE)))
  let running = 0
  let waiting = 0

  function refuse(reason: Reason): Problem {
    refused[reason] += 1
    return new Problem('OVERLOADED')
  }

  function refusalOf(network: string | undefined): Reason | undefined {
    if (running < concurrency) return undefined
    if (waiting >= queue) return 'queue_full'
    return network !== undefined && (lines.get(network)?.size ?? 0) >= share ? 'network' : undefined
  }

  function turn({ network, signal }: Requester): Promise<void> | undefined {
    const reason = refusalOf(network)
    if (reason) throw refuse(reason)
    if (running >= concurrency) return queueUp(network, signal)
    running += 1
    return undefined
  }

  function queueUp(network: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const line = lines.get(network) ?? new Set()
    lines.set(network, line)
    waiting += 1
    return new Promise((resolve, reject) => {
      const settle = () => {
        signal?.removeEventListener('abort', abort)
        cancelTimer?.()
      }
      const enter = () => {
        settle()
        resolve()
      }
      const fail = (problem: Problem) => {
        settle()
        line.delete(enter)
        if (line.size === 0) lines.delete(network)
        waiting -= 1
        reject(problem)
      }
      const abort = () => fail(disconnected())
      line.add(enter)
      signal?.addEventListener('abort', abort, { once: true })
      const cancelTimer = deadline === undefined ? undefined : after(deadline, () => fail(refuse('deadline')))
    })
  }

  // Starts the longest waiting task of the network whose turn it is, if any, in place of a task that has ended.
  function next(): void {
    const [first] = lines
    const [enter] = first?.[1] ?? []
    if (!first || !enter) {
      running -= 1
      return
    }
    const [network, line] = first
    lines.delete(network)
    line.delete(enter)
    if (line.size > 0) lines.set(network, line)
    waiting -= 1
    enter()
  }

  function enter(requester: Requester): Admission {
    const { signal } = requester
    const accounts = new Set(requester.accounts)
    const checkAccounts = () => {
      if ([...accounts].some((key) => (places.get(key) ?? 0) >= ACCOUNT_PLACES)) throw refuse('account')
    }
    const add = (count: number) => {
      for (const key of accounts) {
        const taken = (places.get(key) ?? 0) + count
        if (taken === 0) places.delete(key)
        else places.set(key, taken)
      }
    }
    let tasks = 0
    let left = false
    let held = false
    /** Whether the places stay taken between two tasks. */
    let kept = false

    function release(): void {
      if (!held || kept || tasks > 0) return
      held = false
      add(-1)
    }

    checkAccounts()
    return {
      async run(task) {
        if (signal?.aborted) throw disconnected()
        if (!held) {
          checkAccounts()
          held = true
          add(1)
        }
        tasks += 1
        try {
          await turn(requester)
          kept = !left
          try {
            return await task()
          } finally {
            next()
          }
        } finally {
          tasks -= 1
          release()
        }
      },
      leave() {
        left = true
        kept = false
        release()
      }
    }
  }

  return {
    async run(task, requester = {}) {
      const admission = enter(requester)
      try {
        return await admission.run(task)
      } finally {
        admission.leave()
      }
    },
    enter,
    refusalOf,
    refuse,
    share,
    refused,
    get running() {
      return running
    },
    get waiting() {
      return waiting
    }
  }
}

const disconnected = () => new Problem('OVERLOADED', { message: 'The client has gone.' })

function afterTimeout(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds).unref()
  return () => clearTimeout(timer)
}

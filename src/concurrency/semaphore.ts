import { Problem } from '../errors.ts'

/** Whom tasks run for. Shares are counted by what is given here; without a key nothing is. */
export interface Requester {
  /** Keys of the account that it is about, by each of which it counts. */
  accounts?: readonly string[]
  /** The network of the client. */
  network?: string | undefined
  /** Takes a task that waits out of the queue, and keeps one out when it was aborted before; one that runs is left to end. */
  signal?: AbortSignal
}

/** What runs tasks for one requester, one after the other. */
export interface Admission {
  /**
   * Runs the task now, or when its turn comes. The first that gets a turn takes a place of each account, which is kept
   * for those after it.
   *
   * @throws Problem OVERLOADED at once when the queue or a share of it is full, when the task has waited for too long, and
   * when the signal took it out
   */
  run<Result>(task: () => Promise<Result>): Promise<Result>
  /** Gives back the places of the accounts, as soon as no task runs. Idempotent. */
  leave(): void
}

/** Why a task is refused. */
export const REASONS = ['queue_full', 'account', 'network', 'deadline'] as const
export type Reason = (typeof REASONS)[number]

/**
 * A semaphore with a bounded queue: so many tasks run at once, so many wait, and the rest are refused. The queue is fair:
 * one account has few places, one network has a share of the queue, and networks take turns. The libraries for this
 * (p-queue, async-mutex, cockatiel) have one queue for all.
 */
export interface Semaphore {
  /** Runs one task as an admission of its own. */
  run<Result>(task: () => Promise<Result>, requester?: Requester): Promise<Result>
  /** @throws Problem OVERLOADED when an account has all its places */
  enter(requester: Requester): Admission
  /** Why a task of the network would be refused now. */
  refusalOf(network: string | undefined): Reason | undefined
  /** Counts a refusal, and makes its answer. */
  refuse(reason: Reason): Problem
  /** How many of a network may wait. */
  readonly share: number
  readonly running: number
  readonly waiting: number
  /** How many were refused since the start. */
  readonly refused: Readonly<Record<Reason, number>>
}

interface GateOptions {
  /** How long a task may wait, in milliseconds; for ever without it. */
  deadline?: number
  /** Calls back after so many milliseconds, unless what it returns is called before. */
  after?: (milliseconds: number, callback: () => void) => () => void
}

/** How many requests of one account may have a task that runs or waits. */
const ACCOUNT_PLACES = 2

/** The part of the queue that one network may fill. */
const NETWORK_SHARE = 1 / 4

/**
 * @param concurrency how many tasks run at once
 * @param queue how many may wait
 */
export function createSemaphore(
  concurrency: number,
  queue: number,
  { deadline, after = afterTimeout }: GateOptions = {}
): Semaphore {
  /** The tasks that wait, by network; the first network has the next turn. */
  const lines = new Map<string | undefined, Set<() => void>>()
  /** How many places of an account are taken. */
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
        signal?.removeEventListener('abort', leave)
        stopTimer?.()
      }
      const enter = () => {
        settle()
        resolve()
      }
      const giveUp = (problem: Problem) => {
        settle()
        line.delete(enter)
        if (line.size === 0) lines.delete(network)
        waiting -= 1
        reject(problem)
      }
      const leave = () => giveUp(gone())
      line.add(enter)
      signal?.addEventListener('abort', leave, { once: true })
      const stopTimer = deadline === undefined ? undefined : after(deadline, () => giveUp(refuse('deadline')))
    })
  }

  // The place of a task that ends goes to the network whose turn it is, and there to the one that has waited longest.
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
    /** Whether the places are kept for the next task. */
    let kept = false

    function release(): void {
      if (!held || kept || tasks > 0) return
      held = false
      add(-1)
    }

    checkAccounts()
    return {
      async run(task) {
        if (signal?.aborted) throw gone()
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

const gone = () => new Problem('OVERLOADED', { message: 'The client has gone.' })

function afterTimeout(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds).unref()
  return () => clearTimeout(timer)
}

import { fork } from 'node:child_process'
import { availableParallelism, getPriority, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { atExit, tally } from '../shared/report.ts'
import type { Notebook } from './figures.ts'
import { load, Unexpected } from './load.ts'
import { cpuTime, memoryOf } from './local-processes.ts'
import { poll } from './poller.ts'
import { quantile, rate } from './statistics.ts'
import type { Subject } from './subject.ts'

/** How much is asked, and for how long. */
export interface Settings {
  rounds: number
  /** Of each measurement, about. */
  seconds: number
  /** That ask for /secret, that sign in, and that do so in the storm: all of them at once. */
  connections: number
  clients: number
  storm: number
  /** Of the bcrypt that is measured alone. */
  cost: number
}

/** For whoever waits while the processors hash: otherwise its own waiting would be measured. */
const AHEAD = -10

/** How many a second bcrypt hashes where there is nothing else to do, one hash a core. */
export async function bcryptAlone({ seconds, cost }: Pick<Settings, 'seconds' | 'cost'>): Promise<number> {
  const program = fileURLToPath(new URL('../storm/bcrypt-alone.js', import.meta.url))
  const child = fork(program, [availableParallelism(), cost, seconds].map(String), { execArgv: [] })
  atExit(() => child.kill('SIGKILL'))
  let ends: number[] = []
  child.once('message', (told) => {
    ends = told as number[]
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0 || ends.length < 2) throw new Error(`bcrypt alone ended with ${code} and ${ends.length} hashes`)
  return rate(ends)
}

export async function measureSecret(subject: Subject, { connections, seconds }: Settings, notes: Notebook) {
  const before = cpuTime(subject.pids)
  const { ends, times } = await load({
    url: subject.url('secret'),
    method: 'GET',
    headers: subject.headers,
    expected: 200,
    connections,
    until: { seconds }
  })
  const cpu = cpuTime(subject.pids) - before
  notes.note('secretRate', subject.name, rate(ends))
  notes.note('secretP50', subject.name, quantile(times, 0.5))
  notes.note('secretP99', subject.name, quantile(times, 0.99))
  notes.note('secretCpu', subject.name, subject.pids.length > 0 ? (cpu * 1000) / times.length : null)
}

/** @param alone what bcrypt alone does in this round, in hashes a second */
export async function measureLogin(subject: Subject, settings: Settings, notes: Notebook, alone: number) {
  const { perSecond, times } = await hashing(subject, 'login', settings.clients, settings.seconds * alone)
  notes.note('loginRate', subject.name, perSecond)
  notes.note('loginShare', subject.name, (perSecond / alone) * 100)
  notes.note('loginP50', subject.name, quantile(times, 0.5))
}

export async function measureRegister(subject: Subject, settings: Settings, notes: Notebook, alone: number) {
  const { perSecond } = await hashing(subject, 'register', settings.clients, settings.seconds * alone)
  notes.note('registerRate', subject.name, perSecond)
  notes.note('registerShare', subject.name, (perSecond / alone) * 100)
}

/**
 * Asks for /secret while logins are in flight, and an empty server at the same moments.
 *
 * @returns the 99th percentile of the empty server, in milliseconds: what is below that is the client's own
 */
export async function measureStorm(
  subject: Subject,
  { storm, seconds }: Settings,
  notes: Notebook,
  { alone, control }: { alone: number; control: string }
): Promise<number> {
  const over = new AbortController()
  const url = subject.url('secret')
  let polls: ReturnType<typeof poll>[] = []
  const begin = () => {
    polls = [poll(url, over.signal, { token: subject.token }), poll(new URL(control), over.signal)]
  }
  const amount = storm + enough(seconds * alone)
  // From the first answer on, and as long as all are still in flight.
  const answered = (count: number) => {
    if (count === 1) begin()
    if (count >= amount - storm) over.abort()
  }
  await hurrying(() => logins(subject, 'login', storm, amount, answered)).finally(() => over.abort())
  const [answers = [], empty = []] = await Promise.all(polls)
  const wrong = answers.filter(({ status }) => status !== 200).map(({ status, code }) => `${status || code}`)
  if (wrong.length > 0) throw new Unexpected({ method: 'GET', url, expected: 200 }, tally(wrong))
  const times = answers.map(({ ms }) => ms)
  notes.note('stormP50', subject.name, quantile(times, 0.5))
  notes.note('stormP99', subject.name, quantile(times, 0.99))
  notes.note('stormMax', subject.name, quantile(times, 1))
  const late = empty.map(({ ms }) => ms)
  return quantile(late, 0.99)
}

export function measureMemory(subject: Subject, notes: Notebook): void {
  notes.note('memory', subject.name, memoryOf(subject.pids))
}

/** So many hashes that there is a rate to tell. */
const enough = (count: number) => Math.max(8, Math.round(count))

/** So many clients ask until about so many have been answered; what is left of them at the end is let finish. */
async function hashing(subject: Subject, what: 'login' | 'register', clients: number, count: number) {
  const amount = clients + enough(count)
  const { ends, times } = await hurrying(() => logins(subject, what, clients, amount))
  // Only as long as all of them were asking.
  return { perSecond: rate(ends.slice(0, amount - clients + 1)), times }
}

function logins(
  subject: Subject,
  what: 'login' | 'register',
  connections: number,
  amount: number,
  answered?: (count: number) => void
) {
  return load({
    url: subject.url(what),
    method: 'POST',
    body: what === 'login' ? subject.nextLogin : subject.newAccount,
    expected: subject.surface[what].status,
    connections,
    until: { amount },
    ...(answered && { answered })
  })
}

/** Ahead of whatever hashes, where that is allowed. */
async function hurrying<Value>(work: () => Promise<Value>): Promise<Value> {
  const usual = getPriority()
  try {
    setPriority(AHEAD)
  } catch {
    // Only root may.
  }
  try {
    return await work()
  } finally {
    if (getPriority() !== usual) setPriority(usual)
  }
}

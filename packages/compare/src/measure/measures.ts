import { availableParallelism, getPriority, setPriority } from 'node:os'
import { hashSync } from 'bcrypt'
import { Piscina } from 'piscina'
import type { Notebook } from '../report/figures.ts'
import { frequencies } from '../report/frequencies.ts'
import { type Answer, PASSWORD } from './client.ts'
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
  /** Numbers of concurrent clients: for /secret, for logins, and in the storm. */
  connections: number
  clients: number
  storm: number
  /** Of the bcrypt that is measured alone. */
  cost: number
}

/** Raises the priority of the client while the processors hash: otherwise its own delays would be measured. */
const AHEAD = -10

/** How many a second bcrypt hashes where there is nothing else to do, one hash a core. */
export async function bcryptAlone({ seconds, cost }: Pick<Settings, 'seconds' | 'cost'>): Promise<number> {
  const threads = availableParallelism()
  const filename = new URL('bcrypt-worker.js', import.meta.url).href
  const workers = new Piscina({ filename, execArgv: [], minThreads: threads, maxThreads: threads })
  const hash = hashSync('another', cost)
  const ends: number[] = []
  const again = async (over: () => boolean) => {
    do {
      await workers.run({ password: PASSWORD, hash })
      ends.push(performance.now())
    } while (!over())
  }
  const everywhere = (over: () => boolean) => Promise.all(Array.from({ length: threads }, () => again(over)))
  try {
    // A thread takes a while to start.
    await everywhere(() => true)
    const start = performance.now()
    await everywhere(() => performance.now() - start > seconds * 1000 && ends.length > threads + LEAST)
    return rate(ends.slice(threads))
  } finally {
    await workers.destroy()
  }
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

/** @param alone hashes a second of bcrypt alone in this round */
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
 * Requests /secret while logins are in flight, and an empty server at the same times.
 *
 * @returns the 99th percentile of the empty server, in milliseconds: the delay of the client itself
 */
export async function measureStorm(
  subject: Subject,
  { storm, seconds }: Settings,
  notes: Notebook,
  { alone, control }: { alone: number; control: string }
): Promise<number> {
  const over = new AbortController()
  const url = subject.url('secret')
  const polls: ReturnType<typeof poll>[] = []
  const amount = storm + enough(seconds * alone)
  // From the first answer on, and as long as all are still in flight, but for connections that were done early.
  const answered = (count: number) => {
    if (count === 1)
      polls.push(
        poll(url, over.signal, { question: () => ({ token: subject.token }) }),
        poll(new URL(control), over.signal)
      )
    if (count >= amount - storm) over.abort()
  }
  await hurrying(() => logins(subject, 'login', storm, amount, answered)).finally(() => over.abort())
  const [answers, empty] = (await Promise.all(polls)) as [Answer[], Answer[]]
  const times = timesOf(url, answers)
  notes.note('stormP50', subject.name, quantile(times, 0.5))
  notes.note('stormP99', subject.name, quantile(times, 0.99))
  notes.note('stormMax', subject.name, quantile(times, 1))
  return quantile(timesOf(new URL(control), empty), 0.99)
}

/** How long each answer took, in milliseconds. @throws Unexpected where there was another, or none */
function timesOf(url: URL, answers: Answer[]): number[] {
  const wrong = answers.filter(({ status }) => status !== 200).map(({ status, code }) => `${status || code}`)
  if (wrong.length > 0) throw new Unexpected({ method: 'GET', url, expected: 200 }, frequencies(wrong))
  return answers.map(({ ms }) => ms)
}

export function measureMemory(subject: Subject, notes: Notebook): void {
  notes.note('memory', subject.name, memoryOf(subject.pids))
}

/** The number of hashes that is enough for a rate. */
const LEAST = 8

const enough = (count: number) => Math.max(LEAST, Math.round(count))

/**
 * So many clients ask until about so many have been answered; what is left of them at the end is let finish. Autocannon
 * gives each connection a fixed share of the amount, so that a quick one is done early, and towards the end fewer ask.
 */
async function hashing(subject: Subject, what: 'login' | 'register', clients: number, count: number) {
  const amount = clients + enough(count)
  const { ends, times } = await hurrying(() => logins(subject, what, clients, amount))
  // As long as all of them were asking, but for those that were done early.
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

/** Runs at a higher priority than hashing, if permitted. */
export async function hurrying<Value>(work: () => Promise<Value>, priority = AHEAD): Promise<Value> {
  const usual = getPriority()
  try {
    setPriority(priority)
  } catch {
    // Only root may.
  }
  return work().finally(() => setPriority(usual))
}

import { setTimeout as pause } from 'node:timers/promises'
import { TargetError } from '@latchkey/contract/check-contract'
import { Notebook } from '../report/figures.ts'
import type { Result } from '../report/result.ts'
import { endAll, endingWith } from './ending.ts'
import { CONTROL, forkServer } from './forked.ts'
import { memoryOf, processesBehind } from './local-processes.ts'
import { commit, machine, versions } from './machine.ts'
import type { Settings } from './measures.ts'
import { measureRounds, rotate } from './rounds.ts'
import { answers, start } from './start-up.ts'
import { Subject, type Surface } from './subject.ts'
import type { Target } from './targets.ts'

/** How a target keeps the contract, and how it is spoken to. */
export interface Checked {
  surface: Surface
  contract: string
  differences: string[]
}

export interface Comparison {
  targets: Target[]
  settings: Settings & { retries: number }
  command: string
  /** Of the targets, where they are known. */
  versions?: Record<string, string>
  /** @throws Error where the target does not keep the contract */
  check: (target: Target) => Promise<Checked>
  progress: (what: string, done: number) => void
}

/** The share of a measurement in which a process that has just started comes to rest. */
const REST = 0.25

/**
 * Starts the targets, checks that each keeps the contract, and measures them.
 *
 * @throws TargetError where one cannot be measured: it does not answer, or does not start
 * @throws ServiceError where one does not keep the contract, or answers with another status meanwhile
 */
export async function compareTargets(comparison: Comparison): Promise<Result> {
  const { settings, command } = comparison
  const at = new Date().toISOString()
  const notes = new Notebook()
  await reachable(comparison.targets)
  const { targets, bcrypt, control, others } = await measureRunning(comparison, notes)
  await measureStarts(comparison, notes)
  const { rounds, seconds, connections, clients, storm, cost } = settings
  return {
    kind: 'comparison',
    at,
    command,
    commit: commit(),
    machine: machine(),
    versions: { ...versions(), ...comparison.versions },
    settings: { rounds, seconds, connections, clients, storm, cost },
    targets,
    figures: notes.figures as Result['figures'],
    bcrypt,
    control,
    others,
    curves: []
  }
}

/** Those with a command must not run yet, and those without one must. */
async function reachable(targets: Target[]): Promise<void> {
  for (const { name, url, start } of targets) {
    if (url.protocol !== 'http:') throw new TargetError(`${name}: only http:// can be measured, and not ${url.origin}`)
    const there = await answers(url)
    if (!start && !there) throw new TargetError(`${name}: nothing answers at ${url.origin}`)
    if (start && there)
      throw new TargetError(`${name}: something answers at ${url.origin} already; stop it, or leave --start out`)
  }
}

/** All of them run at once, and are stopped before their starts are measured. */
async function measureRunning(comparison: Comparison, notes: Notebook) {
  const control = await forkServer(CONTROL)
  const ends: (() => unknown)[] = [control.end]
  return endingWith(
    () => checkAndMeasure(comparison, notes, control.url, ends),
    () => endAll(ends)
  )
}

/** @param ends collects functions to call at the end */
async function checkAndMeasure(
  { targets, settings, check, progress }: Comparison,
  notes: Notebook,
  control: URL,
  ends: (() => unknown)[]
) {
  const checked: (Checked & { target: Target })[] = []
  for (const target of targets) {
    if (target.start) {
      progress(`${target.name}: starting`, 0)
      const { name, url, environment } = target
      ends.push((await start(name, target.start, url, { environment })).stop)
    }
    progress(`${target.name}: does it keep the contract?`, 0)
    checked.push({ target, ...(await check(target)) })
  }
  const subjects: Subject[] = []
  for (const { target, surface } of checked) {
    progress(`${target.name}: registering`, 0)
    const subject = new Subject(target, surface)
    await subject.settle(settings.clients)
    subjects.push(subject)
  }
  const measured = await measureRounds(subjects, { ...settings, control: control.href, progress }, notes)
  return { ...measured, targets: checked.map(told) }
}

/** Starts and stops, round by round, each target that has a command. */
async function measureStarts({ targets, settings, progress }: Comparison, notes: Notebook): Promise<void> {
  const startable = targets.flatMap(({ start: command, ...target }) => (command ? [{ ...target, command }] : []))
  for (let round = 0; round < settings.rounds; round += 1) {
    notes.round = round
    for (const { name, url, command, environment } of rotate(startable, round)) {
      progress(`round ${round + 1} of ${settings.rounds}: starting ${name}`, 1)
      const { ms, stop } = await start(name, command, url, { environment })
      const rest = async () => {
        await pause(settings.seconds * REST * 1000)
        notes.note('startUp', name, ms)
        notes.note('memoryIdle', name, memoryOf(processesBehind(url)))
      }
      await endingWith(rest, stop)
    }
  }
}

/** Without its command, which may hold secrets. */
function told({ target: { name, url, size }, contract, differences }: Checked & { target: Target }) {
  return { name, url: url.origin, contract, differences, ...(size && { size }) }
}

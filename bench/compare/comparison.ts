import { startControl } from '../storm/polling.ts'
import { Notebook } from './figures.ts'
import { memoryOf, processesBehind } from './local-processes.ts'
import { commit, machine, versions } from './machine.ts'
import type { Settings } from './measures.ts'
import type { Result } from './result.ts'
import { measureRounds, rotate } from './rounds.ts'
import { answers, type Started, start } from './starting.ts'
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
  /** @throws Error where the target does not keep the contract */
  check: (target: Target) => Promise<Checked>
  progress: (what: string, done: number) => void
}

/** A moment in which a process that has just started comes to rest, in milliseconds. */
const REST = 1000

/**
 * Starts what has to be started, checks that every target keeps the contract, and measures all of them.
 *
 * @throws Error where one does not answer, does not keep the contract, or answers with another status meanwhile
 */
export async function compareTargets(comparison: Comparison): Promise<Result> {
  const { targets, settings, command, progress } = comparison
  const at = new Date().toISOString()
  await reachable(targets)
  const notes = new Notebook()
  await measureStarts(comparison, notes)
  const running: Started[] = []
  const control = await startControl()
  try {
    const subjects: Subject[] = []
    const told: Result['targets'] = []
    for (const target of targets) {
      if (target.start) running.push(await start(target.name, target.start, target.url))
      progress(`${target.name}: does it keep the contract?`, 0)
      const { surface, contract, differences } = await comparison.check(target)
      const { name, url } = target
      told.push({ name, url: url.origin, ...(target.start && { start: target.start }), contract, differences })
      const subject = new Subject(target, surface)
      progress(`${target.name}: registering`, 0)
      await subject.settle(settings.clients)
      subjects.push(subject)
    }
    notes.round = 0
    const measured = await measureRounds(subjects, { ...settings, control: control.base, progress }, notes)
    const { rounds, seconds, connections, clients, storm, cost } = settings
    return {
      kind: 'comparison',
      at,
      command,
      commit: commit(),
      machine: machine(),
      versions: versions(),
      settings: { rounds, seconds, connections, clients, storm, cost },
      targets: told,
      figures: notes.figures as Result['figures'],
      bcrypt: measured.bcrypt,
      control: measured.control,
      others: measured.others,
      curves: []
    }
  } finally {
    control.end()
    for (const { stop } of running) await stop()
  }
}

/** Those with a command must not run yet, and those without one must. */
async function reachable(targets: Target[]): Promise<void> {
  for (const { name, url, start } of targets) {
    const there = await answers(url)
    if (!start && !there) throw new Error(`${name}: nothing answers at ${url.origin}.`)
    if (start && there)
      throw new Error(`${name}: something answers at ${url.origin} already; stop it, or leave --start out.`)
  }
}

/** Starts and stops, round by round, each target that has a command. */
async function measureStarts({ targets, settings, progress }: Comparison, notes: Notebook): Promise<void> {
  const startable = targets.filter(({ start }) => start !== undefined)
  for (let round = 0; round < settings.rounds && startable.length > 0; round += 1) {
    notes.round = round
    for (const { name, url, start: command } of rotate(startable, round)) {
      progress(`round ${round + 1} of ${settings.rounds}: starting ${name}`, 0)
      const started = await start(name, command as string, url)
      try {
        await new Promise((resolve) => setTimeout(resolve, REST))
        notes.note('startUp', name, started.ms)
        notes.note('memoryIdle', name, memoryOf(processesBehind(url)))
      } finally {
        await started.stop()
      }
    }
  }
}

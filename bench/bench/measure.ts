import { surfaceOf } from '@latchkey/compare/check'
import { endAll, endingWith } from '@latchkey/compare/measure/ending'
import { BARE_FASTIFY, CONTROL, forkServer } from '@latchkey/compare/measure/forked'
import { commit, machine, versions } from '@latchkey/compare/measure/machine'
import type { Settings } from '@latchkey/compare/measure/measures'
import { measureRounds } from '@latchkey/compare/measure/rounds'
import { Subject } from '@latchkey/compare/measure/subject'
import { Notebook } from '@latchkey/compare/report/figures'
import { BARE, COMPARED_ROUNDS } from '@latchkey/compare/report/regression'
import type { Result } from '@latchkey/compare/report/result'
import { growClients } from './clients.ts'
import { CHEAP, type Growth, growAccounts } from './growth.ts'
import type { Grown } from './options.ts'
import { type Place, startService } from './programs.ts'
import type { Store, Stores } from './stores.ts'

export interface Bench {
  settings: Settings
  /** How often a measurement is repeated that other programs disturbed. */
  retries: number
  grown: Grown
  stores: Stores
  place: Place
  at: Date
  /** The full command line. */
  command: string
  /** Starts the progress display of a part. */
  progress: () => Growth['progress']
}

const SURFACE = surfaceOf()

/** Enough rounds for a comparison of two results, each of half the duration, since a curve has many steps. */
const GROWTH_ROUNDS = COMPARED_ROUNDS
const GROWTH_SHARE = 0.5

/** @throws Error if a service does not start, exits with an error, or answers with an unexpected status */
export async function measure(bench: Bench): Promise<Result> {
  const { settings, stores, place, at, command } = bench
  const services = await stores.empty('rounds', settings.cost)
  const measured = await measureServices(services, bench)
  const growing = await stores.empty('growth', CHEAP)
  const curves = await growAccounts(growing, SURFACE, place, growthOf(bench))
  const described = services.map(({ name }) => target(name, `the service, ${name}`))
  return {
    kind: 'bench',
    at: at.toISOString(),
    command,
    commit: commit(),
    machine: machine(),
    versions: { ...versions(), ...stores.versions },
    settings,
    targets: [...described, target(BARE, 'a bare Fastify with one route, no token and no database')],
    ...measured,
    curves: [...measured.curves, ...curves]
  }
}

const target = (name: string, contract: string) => ({ name, url: 'http://127.0.0.1', contract, differences: [] })

/** The amount of measurement of the curves by accounts. */
export const growthOf = ({ settings: { rounds, seconds }, grown, progress }: Bench): Growth => ({
  ...grown,
  rounds: Math.min(GROWTH_ROUNDS, rounds),
  seconds: seconds * GROWTH_SHARE,
  progress: progress()
})

/** Measures what `compare` does, and the curves by clients. */
async function measureServices(stores: Store[], bench: Bench) {
  const ends: (() => unknown)[] = []
  return endingWith(
    () => startAndMeasure(stores, bench, ends),
    () => endAll(ends)
  )
}

/** @param ends collects functions to call at the end */
async function startAndMeasure(stores: Store[], bench: Bench, ends: (() => unknown)[]) {
  const { settings, retries, place, progress } = bench
  const control = await forkServer(CONTROL)
  ends.push(control.end)
  const floor = await forkServer(BARE_FASTIFY)
  ends.push(floor.end)
  const bare = new Subject({ name: BARE, url: floor.url }, SURFACE)
  const subjects: Subject[] = []
  const show = progress()
  for (const store of stores) {
    show(`starting ${store.name}`, 0)
    const service = await startService(store, place)
    ends.push(service.stop)
    const subject = new Subject(service, SURFACE)
    await subject.settle(settings.clients)
    subjects.push(subject)
  }
  const notes = new Notebook()
  const run = { ...settings, retries, control: control.url.origin, progress: show }
  const { bcrypt, control: late, others } = await measureRounds(subjects, run, notes, [bare])
  const curves = await growClients(subjects, growthOf(bench))
  return { figures: notes.figures as Result['figures'], bcrypt, control: late, others, curves }
}

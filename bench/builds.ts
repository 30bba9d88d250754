/**
 * Measures builds of the service side by side: the CPU time of a request, the time until a start is ready, and the
 * memory of an idle service. Compares each build with the first, and exits with 1 if it is worse: a request by more
 * than 3 %, a start by more than 0.3 s, memory by more than 30 MB; or if a sign-in with a passkey takes 10 ms.
 *
 *   node --import tsx bench/builds.ts before=../before after=. [--starts 5] [--rounds 5] [--cost 10] [--only /me]…
 *                                     [--database URL]
 *
 * A folder holds a checkout in which `npm run build` was run. Name the first one twice, under two names, to see the
 * noise. All builds run on one PostgreSQL server: on Debian one of its own, or that of --database. Requests that a
 * build does not have are left out. CPU time is that of the service's threads, without those of lower priority, which
 * hash passwords. Linux only. Two builds take about six minutes.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { rotate } from '@latchkey/compare/measure/rounds'
import { compare, intervalOfMedian, median, spread } from '@latchkey/compare/measure/statistics'
import { Build } from './builds/build.ts'
import { measureRequests, SCENARIOS } from './builds/scenarios.ts'
import { openServer } from './shared/databases.ts'
import { describeMachine } from './shared/machine.ts'
import { residentMemory } from './shared/processes.ts'
import { check, finish, note, table, title } from './shared/report.ts'

/** How much worse than the first a build may be, and how long a sign-in with a passkey may take. */
const MOST = { ratio: 1.03, startMs: 300, memoryMb: 30, passkeyMs: 10 }
const IDLE_MS = 10_000

const { values, positionals } = parseArgs({
  options: {
    starts: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    cost: { type: 'string', default: '10' },
    only: { type: 'string', multiple: true },
    database: { type: 'string' }
  },
  allowPositionals: true
})
const unknown = values.only?.find((named) => SCENARIOS.every(({ what }) => what !== named))
if (unknown) throw new Error(`there is no ${unknown}; there are ${SCENARIOS.map(({ what }) => what).join(', ')}`)
const scenarios = SCENARIOS.filter(({ what }) => values.only?.includes(what) ?? true)
const server = await openServer(values.database ?? (await startOwnServer()))
const builds = await Promise.all(
  positionals.map(async (named) => {
    const [name = '', folder] = named.split('=', 2)
    if (!folder) throw new Error(`${named} must be a name and a folder, such as before=../before`)
    return new Build(name, folder, await server.create(name), values.cost)
  })
)

/** The values of a build, in the order in which they were taken. */
type Figures = Map<string, number[]>

const startTimes: Figures = new Map()
const startCpu: Figures = new Map()
const memory: Figures = new Map()
/** In microseconds, by scenario. */
const requests = new Map<string, Figures>(scenarios.map(({ what }) => [what, new Map()]))

for (const line of describeMachine()) note(line)
note(`${positionals.join(', ')}; bcrypt of cost ${values.cost}`)
for (const build of builds) await build.prepare()
for (let start = 0; start < Number(values.starts); start += 1) await measureStart(start)
report()
await server.drop()
finish()

/** Loaded only if it is needed: it fails without an installed PostgreSQL. */
async function startOwnServer(): Promise<string> {
  const { startServer } = await import('./shared/own-server.ts')
  return startServer()
}

/** Starts all builds, measures them, and stops them. */
async function measureStart(start: number): Promise<void> {
  const turn = rotate(builds, start)
  for (const build of turn) {
    const { ms, cpu } = await build.start()
    add(startTimes, build, ms)
    add(startCpu, build, cpu)
  }
  await pause(IDLE_MS)
  for (const build of turn) add(memory, build, residentMemory(build.pid) / 1_048_576)
  for (const build of turn) await build.signIn()
  // The first of them warms up.
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const scenario of scenarios) {
      for (const build of rotate(builds, start + round)) {
        const figure = await measureRequests(scenario, build)
        if (round > 0 && figure !== undefined) add(requests.get(scenario.what) as Figures, build, figure)
      }
    }
  }
  for (const build of turn) await build.stop()
  process.stderr.write(`start ${start + 1} of ${values.starts} was measured\n`)
}

function add(figures: Figures, { name }: Build, figure: number): void {
  figures.set(name, [...(figures.get(name) ?? []), figure])
}

function report(): void {
  title('CPU time of a request, without hashing')
  const names = builds.map(({ name }) => name)
  const [first = ''] = names
  const rows = [...requests].flatMap(([what, figures]) =>
    names.map((name) => [
      what,
      name,
      microseconds(figures.get(name)),
      ...names.slice(0, -1).map((other) => (other === name ? '' : ratio(figures.get(name), figures.get(other))))
    ])
  )
  const ratios = names.slice(0, -1).map((name) => `ratio to ${name}: median (interval)`)
  title(table(['request', 'build', 'µs: median (least–most)', ...ratios], rows))
  title('A start, and the memory of an idle service')
  const others = names.map((name) => {
    const [ms = [], cpu = [], mb = []] = [startTimes, startCpu, memory].map((figures) => figures.get(name))
    return [name, whole(ms), whole(cpu), whole(mb)]
  })
  title(table(['build', 'ready after ms', 'CPU time until then, ms', 'memory, MB'], others))
  title(`Compared with ${first}`)
  for (const name of names.slice(1)) checkBuild(name, first)
}

function checkBuild(name: string, first: string): void {
  for (const [what, figures] of requests) {
    const compared = compare(figures.get(name) ?? [], figures.get(first) ?? [])
    if (compared) {
      const [low] = intervalOfMedian(compared.ratios)
      check(low <= MOST.ratio, `${name}: ${what} takes at most 3 % more CPU time`, compared.median.toFixed(3))
    }
  }
  const passkey = requests.get('/login/passkey')?.get(name)
  if (passkey) {
    const ms = median(passkey) / 1000
    check(ms < MOST.passkeyMs, `${name}: a passkey takes less than ${MOST.passkeyMs} ms`, `${ms.toFixed(1)} ms`)
  }
  const more = (figures: Figures) =>
    median((figures.get(name) ?? []).map((figure, start) => figure - (figures.get(first)?.[start] ?? 0)))
  const [ms, mb] = [more(startTimes), more(memory)]
  check(ms <= MOST.startMs, `${name}: a start takes at most ${MOST.startMs} ms more`, `${ms.toFixed(0)} ms`)
  check(mb <= MOST.memoryMb, `${name}: it takes at most ${MOST.memoryMb} MB more`, `${mb.toFixed(0)} MB`)
}

function microseconds(figures: number[] | undefined): string {
  return figures ? whole(figures) : '—'
}

function whole(figures: number[]): string {
  const { median, least, most } = spread(figures)
  return `${median.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`
}

/** The interval is that of the sign test. */
function ratio(figures: number[] = [], others: number[] = []): string {
  const compared = compare(figures, others)
  if (!compared) return '—'
  const [low, high] = intervalOfMedian(compared.ratios)
  return `${compared.median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`
}

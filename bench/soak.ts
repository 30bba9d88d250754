/**
 * Half an hour of mixed traffic: users register, sign in, refresh, read their account, sign out, change and mistype
 * their passwords; attackers guess, send garbage, disconnect, and hold connections open; the database restarts halfway.
 * Checks that no answer is a 500, that no acknowledged write is lost, and that memory and handles do not grow.
 *
 *   npm run build && node --import tsx bench/soak.ts [minutes] [--markdown bench/results/soak.md]
 *
 * Limits are on: the service trusts this program as a proxy, and each user has an address. Starts a server of its own
 * in the temporary directory with Debian's PostgreSQL programs and removes it at the end. Linux only. Prints a line
 * each minute and a report at the end, and exits with 1 if a check failed.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { inTurns } from '@latchkey/compare/measure/client'
import { Cluster } from './shared/cluster.ts'
import { describeMachine } from './shared/machine.ts'
import { check, finish, frequencies, megabytes, milliseconds, note, table, title } from './shared/report.ts'
import { Service } from './shared/service.ts'
import { Ledger } from './soak/ledger.ts'
import { growth, type Sample, type Stretch, sample, sampleAll, stretches } from './soak/samples.ts'
import { SimulatedUsers } from './soak/simulated-users.ts'

const PER_SECOND = 45

/** The limit on concurrent visits. Visits beyond it are dropped and counted. */
const MOST_AT_ONCE = 400

/** The first is for warming up. The cache of verified tokens reaches its full size in the third. */
const STRETCHES = 6

/** The limit on the recovery after the restart of the database, in milliseconds. */
const RECOVERY = 10_000

/** The tolerances for growth in the last stretch: a share of memory, and a number of descriptors and handles. */
const GROWTH = 0.05
const SPARE = 10

/** Longer than the idle timeout of the threads, in milliseconds. */
const IDLE = 75_000

const POOL = 10
const SAMPLE_OF_LOGINS = 100

const { values, positionals } = parseArgs({ allowPositionals: true, options: { markdown: { type: 'string' } } })
const minutes = Number(positionals[0] ?? 30)
if (!(minutes > 0)) throw new Error('say for how many minutes')

const promises: string[] = []
const promise = (held: boolean, what: string, seen = '') => promises.push(check(held, what, seen))

const cluster = await Cluster.create()
const service = await Service.start({
  databaseUrl: cluster.url(),
  environment: { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1', DATABASE_POOL: `${POOL}` }
})
const before = await sample(service.base)
const ledger = new Ledger()
const users = new SimulatedUsers(service.base, ledger)
for (let count = 0; count < 20; count += 1) await users.join()

title(`${minutes} minutes of ${PER_SECOND} visits a second`)
const samples: Sample[] = []
const over = new AbortController()
const start = performance.now()
const end = start + minutes * 60_000
const sampling = sampleAll(service.base, Math.min(5000, minutes * 1000), samples, over.signal)
const telling = tellEachMinute()
const restarting = restart()
const turnedAway = await visit()
over.abort()
const outage = await restarting
await Promise.all([sampling, telling])

title('What became of it')
const all = stretches(samples, start, end, STRETCHES)
answers()
memory(all)
await remembered()
await leftovers()
complaints()
report()
finish()

/** Starts visits at a constant rate until the end. @returns the number of dropped visits */
async function visit(): Promise<number> {
  const visits = new Set<Promise<void>>()
  let due = 0
  let turnedAway = 0
  const begin = (visit: Promise<void>) => {
    visits.add(visit)
    visit.finally(() => visits.delete(visit))
  }
  while (performance.now() < end) {
    for (; due < ((performance.now() - start) / 1000) * PER_SECOND; due += 1) {
      if (visits.size >= MOST_AT_ONCE) turnedAway += 1
      else begin(due % 500 === 0 ? users.loiter() : users.act())
    }
    await pause(5)
  }
  await Promise.all(visits)
  return turnedAway
}

/** Restarts the database halfway. @returns the interval in which a 503 is acceptable */
async function restart(): Promise<{ from: number; to: number }> {
  await pause((minutes * 60_000) / 2)
  const from = performance.now()
  await cluster.restart()
  const back = performance.now()
  note(`the database was restarted, which took ${milliseconds(back - from)}`)
  return { from, to: back + RECOVERY }
}

async function tellEachMinute(): Promise<void> {
  for (let minute = 1; minute <= minutes; minute += 1) {
    await pause(start + minute * 60_000 - performance.now())
    const now = performance.now()
    const { count, median, p99 } = ledger.between(now - 60_000, now)
    const { memory, heap, descriptors, connections } = samples.at(-1) as Sample
    note(
      `minute ${minute}: ${count} answers, median ${milliseconds(median)}, p99 ${milliseconds(p99)}; ` +
        `${megabytes(memory)} of memory, ${megabytes(heap)} of heap, ${descriptors} descriptors, ` +
        `${connections} connections; ${users.people.length} people`
    )
  }
}

function answers(): void {
  const wrong = ledger.wrong(outage)
  promise(wrong === '', 'every answer was the right one, or a 503 while the database was restarted', wrong)
  const refused = ledger.unavailable
  const last = Math.max(...refused.map(({ start, ms }) => start + ms)) - outage.from
  note(
    `answered with 503 DATABASE_UNAVAILABLE: ${refused.length}, the last ${milliseconds(last)} after the restart began`
  )
  promise(turnedAway === 0, 'everybody who came could be let in', `${turnedAway} were turned away`)
}

function memory(all: Stretch[]): void {
  for (const [figure, name] of [
    ['memory', 'resident memory'],
    ['heap', 'heap']
  ] as const) {
    for (const of of ['least', 'median'] as const) {
      const more = growth(all, figure, of)
      const seen = `${(more * 100).toFixed(1)} % to the highest before it, after the first`
      promise(more <= GROWTH, `the ${name} did not grow: ${of} of the last stretch`, seen)
    }
  }
  const [, second] = all
  const last = all.at(-1)
  for (const figure of ['descriptors', 'handles'] as const) {
    const [early, late] = [second?.least[figure] as number, last?.least[figure] as number]
    promise(late <= early + SPARE, `no more ${figure} in the last stretch than in the second`, `${late}, ${early}`)
  }
  const most = Math.max(...all.map(({ most }) => most.connections))
  promise(most <= POOL, `never more than ${POOL} connections to the database`, `${most}`)
}

/** Checks that no acknowledged write is lost. */
async function remembered(): Promise<void> {
  const unsure = users.people.filter(({ passwords }) => passwords[1] !== undefined)
  await inTurns(unsure, 4, (person) => users.signIn(person))

  const rows = await cluster.admin('SELECT username FROM users', 'latchkey')
  const stored = new Set(rows.map(({ username }) => username))
  const missing = users.people.filter(({ username }) => !stored.delete(username))
  const doubtful = users.doubtful.filter((username) => stored.delete(username))
  promise(
    missing.length === 0 && stored.size === 0 && rows.length === users.people.length + doubtful.length,
    'every account that was acknowledged is there, and no other',
    `${users.people.length} accounts, ${missing.length} missing, ${stored.size} too many, ` +
      `${doubtful.length} that had been refused with a 503`
  )

  const sessions = users.people.flatMap((person) => person.sessions.map((session) => ({ person, session })))
  await inTurns(sessions, 16, ({ person, session }) => users.refresh(person, session))
  promise(
    users.lost.length === 0,
    'every session that was acknowledged lives, but for those whose last answer was lost for longer than the grace',
    `${sessions.length} sessions, ${users.lost.length} lost, ${users.explained.length} explained`
  )

  const some = [...users.people].sort(() => Math.random() - 0.5).slice(0, SAMPLE_OF_LOGINS)
  const refused: number[] = []
  await inTurns(some, 4, async (person) => {
    const { status } = await users.signIn(person)
    if (status !== 200) refused.push(status)
  })
  promise(refused.length === 0, `a sample of them signs in with the password of last`, `${some.length} people`)
  const late = ledger.wrong(outage)
  promise(late === '', 'nothing was answered otherwise at the end', late)
}

/** Checks that nothing stays open after all clients have disconnected. */
async function leftovers(): Promise<void> {
  const backends = await cluster.backends()
  promise(backends <= POOL, 'PostgreSQL serves no more than the pool', `${backends} connections`)
  users.leave()
  // Timers of the service use connections to the database.
  const held = ({ descriptors, connections }: Sample) => descriptors - connections
  const deadline = performance.now() + IDLE
  let after = await sample(service.base)
  while (held(after) > held(before) && performance.now() < deadline) {
    await pause(1000)
    after = await sample(service.base)
  }
  const seen = `${held(after)} descriptors beside those of the pool, ${held(before)} at the start`
  promise(held(after) <= held(before), 'nothing is held open when all have gone', seen)
  const { code, ms } = await service.stop()
  promise(code === 0, 'the service stops', `exit ${code} after ${milliseconds(ms)}`)
}

/** Checks that the log has nothing above a warning, and prints the warnings. */
function complaints(): void {
  const lines = service.log().trim().split('\n').filter(Boolean)
  const entries = lines.map((line) => JSON.parse(line) as { level: number; msg: string })
  const errors = frequencies(entries.filter(({ level }) => level > 40).map(({ msg }) => msg))
  promise(errors === '', 'nothing in the log is worse than a warning', errors)
  note(`warnings: ${frequencies(entries.filter(({ level }) => level === 40).map(({ msg }) => msg)) || 'none'}`)
}

function report(): void {
  const length = minutes / STRETCHES
  const stretchRows = all.map(({ from, to, least, median, most }, index) => {
    const answered = ledger.between(from, to)
    return [
      [index, index + 1].map((edge) => Number((edge * length).toFixed(1))).join(' to '),
      answered.count,
      milliseconds(answered.median),
      milliseconds(answered.p99),
      `${megabytes(least.memory)}, ${megabytes(median.memory)}`,
      `${megabytes(least.heap)}, ${megabytes(median.heap)}`,
      most.collections - least.collections,
      least.descriptors,
      least.handles,
      most.connections
    ]
  })
  const kindRows = ledger
    .kinds()
    .map(({ what, count, outcomes, median, p99 }) => [what, count, milliseconds(median), milliseconds(p99), outcomes])
  const command = `node --import tsx bench/soak.ts ${process.argv.slice(2).join(' ')}`.trim()
  const text = [
    `# A soak of ${minutes} minutes`,
    `\`npm run build && ${command}\``,
    describeMachine()
      .map((line) => `- ${line}`)
      .join('\n'),
    `${PER_SECOND} visits a second at BCRYPT_COST 10 with LIMITS on; a restart of the database in the middle.`,
    promises.map((line) => `- ${line}`).join('\n'),
    '## By time',
    table(
      [
        'minutes',
        'answers',
        'median',
        'p99',
        'memory: least, median',
        'heap: least, median',
        'major collections',
        'descriptors: least',
        'handles: least',
        'connections: most'
      ],
      stretchRows
    ),
    '## By kind',
    table(['what', 'answers', 'median', 'p99', 'answered with'], kindRows)
  ].join('\n\n')
  title(text)
  if (values.markdown === undefined) return
  mkdirSync(dirname(values.markdown), { recursive: true })
  writeFileSync(values.markdown, `${text}\n`)
}

/**
 * Measures our own service on both databases, beside a bare Fastify and bcrypt alone: what `npm run compare` measures,
 * and how it grows with clients and accounts. Says what got worse since the last result in bench/results/.
 *
 *   npm run bench -- [--quick] [--database postgres://postgres@127.0.0.1:5432/postgres] [--save]
 *
 * Without --database it makes a server of its own with the programs of Debian's PostgreSQL. Linux only. `--help` says
 * what else there is. It ends with 1 when something got worse.
 */
import { fork } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import pg from 'pg'
import { wholeNumber } from '../src/option-values.ts'
import { surfaceOf } from './compare/check.ts'
import { Notebook } from './compare/figures.ts'
import { type Growth, growAccounts, growClients, type Store } from './compare/growth.ts'
import { commit, machine, versions } from './compare/machine.ts'
import { toPage } from './compare/page.ts'
import { showProgress } from './compare/progress.ts'
import { BARE, changes, tellChange } from './compare/regression.ts'
import { type Result, readResult, writeResult } from './compare/result.ts'
import { measureRounds } from './compare/rounds.ts'
import { Subject } from './compare/subject.ts'
import { toText } from './compare/table.ts'
import { temporaryFolder } from './shared/processes.ts'
import { atExit } from './shared/report.ts'
import { Service } from './shared/service.ts'
import { startControl } from './storm/polling.ts'

const LATCHKEY = surfaceOf()
const RESULTS = fileURLToPath(new URL('results/', import.meta.url))
/** A cold start of the embedded database takes long on a busy machine, in milliseconds. */
const PATIENCE = 180_000

const SECRET_KEY = 'x'.repeat(32)

interface Options {
  quick?: boolean
  database?: string
  rounds?: number
  seconds?: number
  save?: boolean
  json?: string
  html?: string
  against?: string
  from?: string
}

const FULL = {
  rounds: 7,
  seconds: 4,
  clients: 16,
  grown: { clients: [1, 2, 4, 8, 16, 32, 64], accounts: [1_000, 100_000, 1_000_000] }
}
const QUICK = { rounds: 3, seconds: 1, clients: 4, grown: { clients: [1, 8, 64], accounts: [1_000, 10_000] } }

const command = new Command('bench')
  .description('measure the service on both databases, and say what got worse since the last result')
  .option('--quick', 'a few minutes: fewer rounds, clients and accounts')
  .option('--database <url>', 'a server on which this may make and drop databases; without it, one of its own')
  .option('--rounds <number>', 'how often everything is measured', wholeNumber(1, 100))
  .option('--seconds <number>', 'about how long each measurement takes', wholeNumber(1, 600))
  .option('--save', 'keep the result in bench/results/')
  .option('--json <file>', 'write the result there')
  .option('--html <file>', 'write a page for people there')
  .option('--against <file>', 'compare with this result in place of the last one')
  .option('--from <file>', 'measure nothing: tell an earlier result')
  .action(async (options: Options) => {
    const against = options.against ?? lastResult()
    const last = against === undefined ? undefined : readResult(against)
    const result = options.from === undefined ? await measure(options) : readResult(options.from)
    process.stdout.write(`${toText(result)}\n`)
    const files = [options.json, options.save ? join(RESULTS, `bench-${result.at.slice(0, 10)}.json`) : undefined]
    for (const file of files) if (file !== undefined) writeResult(file, result)
    if (options.html !== undefined) writeFileSync(options.html, toPage(result))
    if (!last) return
    const change = changes(result, last)
    process.stdout.write(`\n${tellChange(change, last)}\n`)
    if (change.worse.length > 0) process.exitCode = 1
  })

function lastResult(): string | undefined {
  const names = readdirSync(RESULTS).filter((name) => /^bench-[\d-]+\.json$/.test(name))
  const newest = names.sort().at(-1)
  return newest && join(RESULTS, newest)
}

async function measure(options: Options): Promise<Result> {
  const { grown, ...usual } = options.quick ? QUICK : FULL
  const rounds = options.rounds ?? usual.rounds
  const seconds = options.seconds ?? usual.seconds
  const settings = { rounds, seconds, connections: 50, clients: usual.clients, storm: usual.clients * 2, cost: 12 }
  const progress = showProgress()
  const at = new Date().toISOString()
  const folder = temporaryFolder()
  const database = await databases(options.database)
  const stores = async (what: string, cost: number): Promise<Store[]> => {
    const common = { BCRYPT_COST: `${cost}`, SECRET_KEY, HASH_QUEUE: '200' }
    const postgres = { ...common, DATABASE_URL: await database(what) }
    const embedded = { ...common, DATA_DIR: join(folder, what) }
    return [postgres, embedded].map((environment, index) => ({
      name: index === 0 ? 'postgresql' : 'embedded',
      environment,
      start: () => Service.start({ environment, patience: PATIENCE })
    }))
  }
  const control = await startControl()
  const bare = new Subject({ name: BARE, url: await startBare() }, LATCHKEY)
  const services: Service[] = []
  const subjects: Subject[] = []
  for (const { name, start } of await stores('rounds', settings.cost)) {
    progress.show(`starting ${name}`, 0)
    const service = await start()
    services.push(service)
    const subject = new Subject({ name, url: new URL(service.base) }, LATCHKEY)
    await subject.settle(settings.clients)
    subjects.push(subject)
  }
  const notes = new Notebook()
  const run = { ...settings, retries: 1, control: control.base, progress: progress.show }
  const measured = await measureRounds(subjects, run, notes, [bare])
  for (const subject of subjects) await subject.signIn()
  const growth: Growth = { ...grown, rounds: Math.min(3, rounds), seconds, progress: progress.show }
  const curves = await growClients(subjects, growth)
  for (const service of services) await service.stop()
  curves.push(...(await growAccounts(await stores('growth', 10), LATCHKEY, folder, growth)))
  await database.drop()
  control.end()
  progress.end()
  const described = [...subjects, bare].map(({ name }) => ({
    name,
    url: 'http://127.0.0.1',
    contract: name === BARE ? 'a bare Fastify with one route, no token and no database' : `the service, ${name}`,
    differences: []
  }))
  return {
    kind: 'bench',
    at,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    commit: commit(),
    machine: machine(),
    versions: { ...versions(), postgresql: await database.version() },
    settings,
    targets: described,
    figures: notes.figures as Result['figures'],
    bcrypt: measured.bcrypt,
    control: measured.control,
    others: measured.others,
    curves
  }
}

/** Makes databases on a server, the given one or one of our own, which are gone at the end. */
async function databases(given: string | undefined) {
  // Only now: without PostgreSQL's programs it cannot even be loaded.
  const cluster = given === undefined ? await (await import('./shared/cluster.ts')).Cluster.create() : undefined
  const server = given ?? (cluster as NonNullable<typeof cluster>).url()
  const names: string[] = []
  const ask = async (sql: string) => {
    if (cluster) return cluster.admin(sql)
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }
  const create = async (what: string) => {
    const name = `latchkey_bench_${process.pid}_${what}`
    await ask(`CREATE DATABASE ${name}${cluster ? ' OWNER latchkey' : ''}`)
    names.push(name)
    return Object.assign(new URL(server), { pathname: name }).href
  }
  return Object.assign(create, {
    version: async () => String((await ask('SHOW server_version'))[0].server_version).split(' ')[0] as string,
    drop: async () => {
      for (const name of names) await ask(`DROP DATABASE ${name} WITH (FORCE)`)
    }
  })
}

function startBare(): Promise<URL> {
  const child = fork(fileURLToPath(new URL('compare/bare-fastify.js', import.meta.url)), { execArgv: [] })
  atExit(() => child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    child.once('message', (port) => resolve(new URL(`http://127.0.0.1:${port}`)))
    child.once('exit', (code) => reject(new Error(`the bare Fastify ended with ${code}`)))
  })
}

try {
  await command.parseAsync()
  process.exit()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

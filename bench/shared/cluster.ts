import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { atExit } from '@latchkey/compare/measure/at-exit'
import pg from 'pg'
import { childrenOf, freePort, own, run, sendSignal, temporaryFolder } from './processes.ts'

const VERSIONS = '/usr/lib/postgresql'
/** Its major version. */
export const postgresVersion = newest()
const BIN = join(VERSIONS, postgresVersion, 'bin')

function newest(): string {
  const versions = readdirSync(VERSIONS).sort((one, other) => Number(other) - Number(one))
  if (!versions[0]) throw new Error(`there is no PostgreSQL in ${VERSIONS}`)
  return versions[0]
}

/** Small, so that it is up and out of connections soon, and telling of each connection. */
const SETTINGS = `
max_connections = 30
shared_buffers = 16MB
log_connections = on
wal_keep_size = 64MB
`

interface Options {
  host?: string
  port?: number
  /** Where the data goes, when not into the folder of the cluster; and where its write-ahead log goes. */
  data?: string
  wal?: string
  /** Further settings of the configuration file. */
  settings?: string
}

/** A PostgreSQL of our own, which is gone when the program ends. */
export class Cluster {
  readonly host: string
  readonly port: number
  readonly folder: string
  readonly #data: string
  /** Given at each start, and so not taken over by a standby. */
  #arguments = ''

  private constructor(host: string, port: number, folder: string, data: string) {
    this.host = host
    this.port = port
    this.folder = folder
    this.#data = data
    atExit(() => this.kill())
  }

  /** A cluster that runs, with the role and the empty database `latchkey`. */
  static async create({ host = '127.0.0.1', port, data, wal, settings = '' }: Options = {}): Promise<Cluster> {
    const folder = temporaryFolder()
    const cluster = new Cluster(host, port ?? (await freePort()), folder, data ?? join(folder, 'data'))
    const own = ['-D', cluster.#data, ...(wal ? ['-X', wal] : [])]
    await run(join(BIN, 'initdb'), ...own, '-U', 'postgres', '-A', 'trust', '--no-sync', '--wal-segsize=1')
    writeFileSync(join(cluster.#data, 'postgresql.conf'), `${SETTINGS}${settings}`, { flag: 'a' })
    await cluster.start()
    await cluster.admin('CREATE ROLE latchkey LOGIN')
    await cluster.admin('CREATE DATABASE latchkey OWNER latchkey')
    return cluster
  }

  url(port = this.port, host = this.host): string {
    return `postgres://latchkey@${host}:${port}/latchkey`
  }

  async start(settings = this.#arguments): Promise<void> {
    this.#arguments = settings
    const options = `-h ${this.host} -p ${this.port} -k ${this.folder} ${settings}`
    const log = join(this.folder, 'log')
    await run(join(BIN, 'pg_ctl'), '-D', this.#data, '-l', log, '-o', options, '-w', '-t', '60', 'start')
  }

  async stop(): Promise<void> {
    await run(join(BIN, 'pg_ctl'), '-D', this.#data, '-m', 'fast', '-w', 'stop')
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async promote(): Promise<void> {
    await run(join(BIN, 'pg_ctl'), '-D', this.#data, '-w', 'promote')
  }

  isRunning(): boolean {
    const postmaster = this.#postmaster()
    return postmaster !== undefined && isAlive(postmaster)
  }

  /** As when the power fails, but for the files. */
  kill(): void {
    this.#signal('SIGKILL')
  }

  hang(): void {
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  /** A standby that follows this one, on a port of its own. */
  async standby({ host = this.host, port }: Pick<Options, 'host' | 'port'> = {}): Promise<Cluster> {
    const folder = temporaryFolder()
    const data = join(folder, 'data')
    const standby = new Cluster(host, port ?? (await freePort()), folder, data)
    const from = ['-h', this.folder, '-p', `${this.port}`, '-U', 'postgres']
    await run(join(BIN, 'pg_basebackup'), ...from, '-D', data, '-R', '-X', 'stream', '-c', 'fast')
    await standby.start()
    return standby
  }

  /** One statement of a superuser. */
  async admin(text: string, database = 'postgres') {
    const client = this.client('postgres', database)
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  client(user = 'latchkey', database = 'latchkey'): pg.Client {
    const client = new pg.Client({ host: this.folder, port: this.port, user, database })
    client.on('error', () => {})
    return client
  }

  /** How many processes serve the service. */
  async backends(): Promise<number> {
    const [row] = await this.admin("SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'latchkey'")
    return row.count
  }

  /** How many connections it has ever seen. */
  connections(): number {
    return readFileSync(join(this.folder, 'log'), 'utf8').split('connection received: host=127').length - 1
  }

  #postmaster(): number | undefined {
    try {
      return Number(readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n')[0])
    } catch {
      return undefined
    }
  }

  #signal(signal: NodeJS.Signals): void {
    const postmaster = this.#postmaster()
    if (postmaster === undefined || !isAlive(postmaster)) return
    const children = childrenOf(postmaster)
    sendSignal(postmaster, signal)
    for (const child of children) sendSignal(child, signal)
  }
}

function isAlive(pid: number): boolean {
  try {
    // The number may have gone to another program since.
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')
  } catch {
    return false
  }
}

/** A file system of its own in memory, of so many megabytes. @throws where mounting is not allowed */
export class Disk {
  readonly path: string

  constructor(megabytes: number) {
    this.path = join(temporaryFolder(), 'disk')
    mkdirSync(this.path)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', this.path], { stdio: 'pipe' })
    own(this.path)
    atExit(() => execFileSync('umount', ['-l', this.path]))
  }

  fill(): void {
    const file = openSync(join(this.path, 'filling'), 'w')
    try {
      for (const size of [1 << 20, 4096]) writeAll(file, Buffer.alloc(size))
    } finally {
      closeSync(file)
    }
  }

  free(): void {
    rmSync(join(this.path, 'filling'))
  }
}

function writeAll(file: number, block: Buffer): void {
  try {
    for (;;) writeSync(file, block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

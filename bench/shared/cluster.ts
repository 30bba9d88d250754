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

/** A small server that starts quickly, has few connections, and logs each of them. */
const SETTINGS = `
max_connections = 30
shared_buffers = 16MB
log_connections = on
wal_keep_size = 64MB
`

interface Options {
  host?: string
  port?: number
  /** The directories of the data and of the write-ahead log; by default, in that of the cluster. */
  data?: string
  wal?: string
  /** Further settings of the configuration file. */
  settings?: string
}

/** A PostgreSQL server that is removed at exit. */
export class Cluster {
  readonly host: string
  readonly port: number
  readonly folder: string
  readonly #data: string
  /** Settings on the command line of the server, which a standby does not copy. */
  #arguments = ''

  private constructor(host: string, port: number, folder: string, data: string) {
    this.host = host
    this.port = port
    this.folder = folder
    this.#data = data
    atExit(() => this.kill())
  }

  /** Creates and starts a cluster with the role and the empty database `latchkey`. */
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

  /** Kills all processes of the server. */
  kill(): void {
    this.#signal('SIGKILL')
  }

  hang(): void {
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  /** Creates a standby that replicates this server. */
  async standby({ host = this.host, port }: Pick<Options, 'host' | 'port'> = {}): Promise<Cluster> {
    const folder = temporaryFolder()
    const data = join(folder, 'data')
    const standby = new Cluster(host, port ?? (await freePort()), folder, data)
    const from = ['-h', this.folder, '-p', `${this.port}`, '-U', 'postgres']
    await run(join(BIN, 'pg_basebackup'), ...from, '-D', data, '-R', '-X', 'stream', '-c', 'fast')
    await standby.start()
    return standby
  }

  /** Runs one statement as superuser. */
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

  /** The number of connections of the service. */
  async backends(): Promise<number> {
    const [row] = await this.admin("SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'latchkey'")
    return row.count
  }

  /** The number of connections since the first start. */
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
    // The pid may have been reused.
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')
  } catch {
    return false
  }
}

/** A file system in memory. @throws if mounting is not permitted */
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

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ask } from '@latchkey/compare/measure/client'
import { freePort, sendSignal } from './processes.ts'
import { atExit } from './report.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/src/server.js', import.meta.url))

interface Options {
  /** Without one, it has an embedded database in its DATA_DIR. */
  databaseUrl?: string
  /** Any that is free, when there is none. */
  port?: number
  /** Further configuration. */
  environment?: Record<string, string>
  /** A file to take the place of /etc/hosts, for this process alone. */
  hosts?: string
  /** Further arguments of Node's. */
  execArgv?: string[]
}

/** One running instance of the built service. */
export class Service {
  readonly base: string
  readonly ended: Promise<{ code: number | null; at: number }>
  readonly #child: ChildProcess
  readonly #log: string

  private constructor(child: ChildProcess, port: number, log: string) {
    this.#child = child
    this.#log = log
    this.base = `http://127.0.0.1:${port}`
    this.ended = new Promise((resolve) => {
      child.once('exit', (code) => resolve({ code, at: performance.now() }))
    })
    atExit(() => this.signal('SIGKILL'))
  }

  /** Starts one, which is not ready yet. */
  static async launch({ databaseUrl, hosts, environment, execArgv = [], ...options }: Options): Promise<Service> {
    const port = options.port ?? (await freePort())
    // A working folder of its own, so that no .env has a say.
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-service-'))
    atExit(() => rmSync(folder, { recursive: true, force: true }))
    const log = join(folder, 'log')
    const output = openSync(log, 'a')
    const service = [process.execPath, '--max-semi-space-size=8', ...execArgv, PROGRAM]
    const [program, ...args] = hosts ? [...withHosts(hosts), ...service] : service
    const child = spawn(program as string, args, {
      cwd: folder,
      stdio: ['ignore', output, output],
      env: {
        PATH: process.env.PATH,
        ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
        SECRET_KEY: 'x'.repeat(32),
        PORT: `${port}`,
        // The same for all, so that a token of one instance is good at the others.
        PUBLIC_URL: 'http://127.0.0.1',
        LOG_LEVEL: 'warn',
        BCRYPT_COST: '10',
        LIMITS: 'off',
        ...environment
      }
    })
    closeSync(output)
    return new Service(child, port, log)
  }

  /** Starts one and waits until it is ready. */
  static async start({ patience = 40_000, ...options }: Options & { patience?: number }): Promise<Service> {
    const service = await Service.launch(options)
    if (!(await service.isReady(patience))) throw new Error(`the service did not start:\n${service.log()}`)
    return service
  }

  /** Whether it has become ready in so many milliseconds, and not ended before. */
  async isReady(patience: number): Promise<boolean> {
    const end = performance.now() + patience
    let running = true
    this.ended.then(() => {
      running = false
    })
    while (running && performance.now() < end) {
      if ((await ask(this.base, 'GET', '/health/ready')).status === 200) return true
      await pause(50)
    }
    return false
  }

  signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child
    if (pid !== undefined && exitCode === null && signalCode === null) sendSignal(pid, signal)
  }

  /** Signals it and waits for its end. @returns how it ended and after how many milliseconds; none after 20 s */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null | 'still there'; ms: number }> {
    const start = performance.now()
    this.signal(signal)
    return this.outcome(start)
  }

  async outcome(start: number): Promise<{ code: number | null | 'still there'; ms: number }> {
    const ended = await Promise.race([this.ended, pause(20_000, undefined, { ref: false })])
    if (ended) return { code: ended.code, ms: ended.at - start }
    this.signal('SIGKILL')
    return { code: 'still there', ms: performance.now() - start }
  }

  log(): string {
    return readFileSync(this.#log, 'utf8')
  }

  /** What it holds of the machine's memory, in bytes. */
  memory(): number {
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1024
  }

  /** How many of its threads have a lower priority than the process. */
  nicedThreads(): number {
    const niceOf = (path: string) => Number(readFileSync(path, 'utf8').split(') ').at(-1)?.split(' ')[16])
    const process = `/proc/${this.#child.pid}`
    const own = niceOf(`${process}/stat`)
    return readdirSync(`${process}/task`).filter((thread) => niceOf(`${process}/task/${thread}/stat`) > own).length
  }

  /** How many files and sockets it holds open. */
  descriptors(): number {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length
  }
}

/** Runs what follows with another /etc/hosts, without the rest of the machine seeing it. */
const withHosts = (hosts: string) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount --bind "$0" /etc/hosts && exec "$@"',
  hosts
]

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { ask } from '@latchkey/compare/measure/client'
import { freePort } from '@latchkey/compare/measure/free-port'

/** The arguments of `node` that start the built service. */
export const BUILT = ['--max-semi-space-size=8', fileURLToPath(new URL('../../dist/src/server.js', import.meta.url))]

/** The default environment of a service. */
export const ENVIRONMENT = {
  SECRET_KEY: 'x'.repeat(32),
  // The same for all, so that each instance accepts the tokens of the others.
  PUBLIC_URL: 'http://127.0.0.1',
  LOG_LEVEL: 'warn',
  BCRYPT_COST: '10',
  LIMITS: 'off'
}

interface Options {
  /** By default, an embedded database in DATA_DIR. */
  databaseUrl?: string | undefined
  /** By default, a free port. */
  port?: number
  environment?: Record<string, string>
  /** The arguments of `node`; by default, the built service. */
  program?: string[]
  /** A command that runs the rest of the command line, such as `unshare`. */
  wrapper?: string[]
}

/** How a service ended. */
interface Ended {
  code: number | NodeJS.Signals | 'still running'
  ms: number
}

const START_TIMEOUT_MS = 180_000
const STOP_TIMEOUT_MS = 20_000

/** One running instance of the service. */
export class Service {
  readonly base: string
  readonly pid: number
  readonly ended: Promise<{ code: Ended['code']; at: number }>
  readonly #child: ChildProcess
  readonly #log: string

  private constructor(child: ChildProcess, port: number, log: string) {
    this.#child = child
    this.#log = log
    this.pid = child.pid as number
    this.base = `http://127.0.0.1:${port}`
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code: code ?? (signal as NodeJS.Signals), at: performance.now() }))
    })
    atExit(() => this.signal('SIGKILL'))
  }

  /** Starts a service without waiting until it is ready. */
  static async launch({ databaseUrl, environment, program = BUILT, wrapper = [], ...options }: Options) {
    const port = options.port ?? (await freePort())
    // A working folder of its own, so that no .env applies.
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-service-'))
    atExit(() => rmSync(folder, { recursive: true, force: true }))
    const log = join(folder, 'log')
    const output = openSync(log, 'a')
    const [command, ...args] = [...wrapper, process.execPath, ...program] as [string, ...string[]]
    const child = spawn(command, args, {
      cwd: folder,
      stdio: ['ignore', output, output],
      env: {
        PATH: process.env.PATH,
        ...ENVIRONMENT,
        ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
        PORT: `${port}`,
        ...environment
      }
    })
    closeSync(output)
    return new Service(child, port, log)
  }

  /** Starts a service and waits until it is ready. */
  static async start(options: Options): Promise<Service> {
    const service = await Service.launch(options)
    if (!(await service.isReady())) throw new Error(`the service did not start:\n${service.log()}`)
    return service
  }

  /** Waits until the service is ready. Resolves to false at the timeout, or if it exits before. */
  async isReady(timeoutMs = START_TIMEOUT_MS): Promise<boolean> {
    const end = performance.now() + timeoutMs
    let running = true
    this.ended.then(() => {
      running = false
    })
    while (running && performance.now() < end) {
      if ((await ask(this.base, 'GET', '/health/ready')).status === 200) return true
      await pause(20)
    }
    return false
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal and waits until the service exits. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = STOP_TIMEOUT_MS): Promise<Ended> {
    const start = performance.now()
    this.signal(signal)
    return this.outcome(start, timeoutMs)
  }

  /** Waits until the service exits; kills it after the timeout. @param start when the stop began */
  async outcome(start: number, timeoutMs = STOP_TIMEOUT_MS): Promise<Ended> {
    const ended = await Promise.race([this.ended, pause(timeoutMs, undefined, { ref: false })])
    if (ended) return { code: ended.code, ms: ended.at - start }
    this.signal('SIGKILL')
    await this.ended
    return { code: 'still running', ms: performance.now() - start }
  }

  log(): string {
    return readFileSync(this.#log, 'utf8')
  }
}

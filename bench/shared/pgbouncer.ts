import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { atExit } from '@latchkey/compare/measure/at-exit'
import type { Cluster } from './cluster.ts'
import { findProgram, freePort, launch, own, temporaryFolder } from './processes.ts'

const PROGRAM = findProgram('/usr/sbin/pgbouncer', '/usr/bin/pgbouncer')

/** Settings of a role that could affect the service's statements. */
const HOSTILE = [
  "DateStyle = 'German, DMY'",
  "TimeZone = 'Asia/Kathmandu'",
  'standard_conforming_strings = off',
  'default_transaction_isolation = serializable',
  'extra_float_digits = -15',
  "bytea_output = 'escape'"
]

/** PgBouncer with its default settings, in transaction mode. */
export class PgBouncer {
  readonly port: number
  readonly #file: string
  #child: ChildProcess | undefined

  private constructor(port: number, file: string) {
    this.port = port
    this.#file = file
    atExit(() => this.#child?.kill('SIGKILL'))
  }

  /** Starts one before a server. Undefined if PgBouncer is not installed. */
  static async before(cluster: Cluster): Promise<PgBouncer | undefined> {
    if (!PROGRAM) return undefined
    // The service does not control these settings, and PgBouncer passes them on to each of its clients.
    for (const setting of HOSTILE) await cluster.admin(`ALTER ROLE latchkey SET ${setting}`)
    const folder = temporaryFolder()
    const port = await freePort()
    const settings = `[databases]
* = host=127.0.0.1 port=${cluster.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
logfile = ${join(folder, 'log')}
pool_mode = transaction
`
    const file = join(folder, 'pgbouncer.ini')
    writeFileSync(join(folder, 'users'), '"latchkey" ""\n')
    writeFileSync(file, settings)
    own(join(folder, 'users'))
    own(file)
    const pgbouncer = new PgBouncer(port, file)
    await pgbouncer.start()
    return pgbouncer
  }

  async start(): Promise<void> {
    this.#child = launch(PROGRAM as string, ['-q', this.#file])
    await pause(300)
    if (this.#child.exitCode !== null) throw new Error(`PgBouncer ended with ${this.#child.exitCode}`)
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child?.once('exit', resolve))
    this.#child?.kill('SIGTERM')
    await ended
  }
}

import { execFileSync, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { findProgram, freePort, temporaryFolder } from '../shared/processes.ts'

const PROGRAM = findProgram('/usr/sbin/haproxy', '/usr/bin/haproxy')
const CONFIGURATION = fileURLToPath(new URL('../../deploy/haproxy.cfg', import.meta.url))

/** The names of the servers in the configuration. */
export const NAMES = ['one', 'two', 'three', 'four'] as const

/** HAProxy with deploy/haproxy.cfg, on a port of its own. */
export class HaProxy {
  readonly base: string
  readonly #socket: string

  private constructor(port: number, socket: string) {
    this.base = `http://127.0.0.1:${port}`
    this.#socket = socket
  }

  /** @param instances the ports of all instances, including those that are not running yet */
  static async before(instances: number[]): Promise<HaProxy> {
    if (!PROGRAM) throw new Error('there is no HAProxy here')
    const port = await freePort()
    const socket = join(temporaryFolder(), 'admin.sock')
    const child = spawn(PROGRAM, ['-db', '-f', CONFIGURATION], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        HAPROXY_BIND: `127.0.0.1:${port}`,
        HAPROXY_SOCKET: socket,
        HAPROXY_USER: userInfo().username,
        HAPROXY_GROUP: execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim(),
        ...Object.fromEntries(instances.map((instance, index) => [`INSTANCE_${index + 1}`, `127.0.0.1:${instance}`]))
      }
    })
    atExit(() => child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    await pause(500)
    if (child.exitCode !== null) throw new Error(`HAProxy ended:\n${said}`)
    return new HaProxy(port, socket)
  }

  /** Sends a command to the administration socket. */
  command(line: string): Promise<string> {
    return text(connect(this.#socket).end(`${line}\n`))
  }

  /** Waits until it reports the instance as up or down. */
  async sees(index: number, up: boolean): Promise<void> {
    const end = performance.now() + 10_000
    while ((await this.#isUp(index)) !== up) {
      if (performance.now() > end) throw new Error(`HAProxy does not see that ${NAMES[index]} is ${up ? 'up' : 'down'}`)
      await pause(20)
    }
  }

  async #isUp(index: number): Promise<boolean> {
    const lines = (await this.command('show servers state repeatable')).split('\n')
    // The fourth column is the name, the sixth the state, where 2 means up.
    return lines.some((line) => line.split(' ')[3] === NAMES[index] && line.split(' ')[5] === '2')
  }
}

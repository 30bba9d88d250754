import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ask } from '../shared/client.ts'
import { atExit } from '../shared/report.ts'

/** Until it answers, and until it has ended, in milliseconds. */
const PATIENCE = 60_000
const STOPPING = 15_000
const GLANCE = 5

/** A service that was started with a command of its own. */
export interface Started {
  /** From the command to the first answer, in milliseconds. */
  ms: number
  stop: () => Promise<void>
}

/** Whether anything answers there, whatever it says. */
export const answers = async (url: URL) => (await ask(url.origin, 'GET', url.pathname)).status !== 0

/**
 * Runs a command of a shell and waits until the URL is answered, with whatever status: a 401 of a guarded route will do.
 *
 * @throws Error where the command ends before, or nothing answers in time
 */
export async function start(name: string, command: string, url: URL): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-compare-'))
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }))
  const log = join(folder, 'log')
  const output = openSync(log, 'a')
  const begun = performance.now()
  // A group of its own, so that whatever the shell starts ends with it.
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  const signal = (kind: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, kind)
    } catch {
      // It has ended already.
    }
  }
  const kill = atExit(() => signal('SIGKILL'))
  let ended: number | null | undefined
  child.once('error', () => {
    ended = 127
  })
  const end = new Promise<void>((resolve) => {
    child.once('exit', (code) => {
      ended = code
      resolve()
    })
  })
  while (!(await answers(url))) {
    const late = performance.now() - begun > PATIENCE
    if (ended !== undefined || late) {
      kill()
      const what = late ? `nothing answers at ${url.origin} after ${PATIENCE / 1000} s` : `it ended with ${ended}`
      throw new Error(`${name}: ${command}\n${what}; it said:\n${readFileSync(log, 'utf8').slice(-2000)}`)
    }
    await pause(GLANCE)
  }
  const ms = performance.now() - begun
  const stop = async () => {
    signal('SIGTERM')
    await Promise.race([end, pause(STOPPING, undefined, { ref: false })])
    kill()
    // A shell may be gone before the server that it started.
    while (await answers(url)) await pause(GLANCE)
    forget()
  }
  return { ms, stop }
}

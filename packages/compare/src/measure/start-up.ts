import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { TargetError } from '@latchkey/contract/check-contract'
import { atExit } from './at-exit.ts'
import { hasEnded } from './local-processes.ts'

/** How long it may take until it answers, until it has ended, and until its port is closed, in milliseconds. */
const TIMEOUTS_MS = { starting: 60_000, stopping: 15_000, closing: 15_000 }
/** The timeout of an answer, and the interval of attempts, in milliseconds. */
const ANSWERING = 15_000
const GLANCE = 5

/** A service that was started with a command of its own. */
export interface Started {
  /** From the command to the first answer, in milliseconds. */
  ms: number
  /** @throws TargetError where something answers even then */
  stop: () => Promise<void>
}

/** Whether anything answers at the URL, with any status. */
export const answers = (url: URL) =>
  new Promise<boolean>((resolve) => {
    const answered = (response: IncomingMessage) => resolve(Boolean(response.destroy()))
    const request = get(url, { agent: false, signal: AbortSignal.timeout(ANSWERING) }, answered)
    request.on('error', () => resolve(false))
  })

/**
 * Runs a shell command and waits until the URL answers, with any status.
 *
 * @throws TargetError where the command ends before, or nothing answers in time
 */
export async function start(
  name: string,
  command: string,
  url: URL,
  given: Partial<typeof TIMEOUTS_MS> & { environment?: Record<string, string> | undefined } = {}
): Promise<Started> {
  const timeouts = { ...TIMEOUTS_MS, ...given }
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-compare-'))
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }))
  const log = join(folder, 'log')
  const output = openSync(log, 'a')
  const begun = performance.now()
  // A process group of its own, so that all processes of the shell can be ended.
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', output, output],
    env: { ...process.env, ...given.environment }
  })
  closeSync(output)
  const kill = atExit(() => signal(child.pid, 'SIGKILL'))
  let ended: number | NodeJS.Signals | null | undefined
  child.once('exit', (code, killedBy) => {
    ended = code ?? killedBy
  })
  const there = await within(timeouts.starting, async () => ended !== undefined || answers(url))
  const ms = performance.now() - begun
  if (!there || ended !== undefined) {
    kill()
    const said = readFileSync(log, 'utf8').slice(-2000)
    forget()
    const what = there ? `it ended with ${ended}` : `nothing answers at ${url.origin} after ${timeouts.starting} ms`
    throw new TargetError(`${name}: ${command}\n${what}; it said:\n${said}`)
  }
  const stop = async () => {
    signal(child.pid, 'SIGTERM')
    // The shell may exit before the server that it started.
    await within(timeouts.stopping, async () => !signal(child.pid, 0) || hasEnded(Number(child.pid)))
    kill()
    forget()
    if (await within(timeouts.closing, async () => !(await answers(url)))) return
    throw new TargetError(`${name}: ${command}\nsomething still answers at ${url.origin} though it was stopped`)
  }
  return { ms, stop }
}

/** To all processes of a group. @returns whether there is one */
function signal(group: number | undefined, kind: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-Number(group), kind)
  } catch {
    return false
  }
}

/** Polls a condition. @returns whether it became true in time */
async function within(timeoutMs: number, holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > end) return false
    await pause(GLANCE)
  }
  return true
}

import { fork } from 'node:child_process'
import { atExit } from './at-exit.ts'

/** A server that does nothing, beside which others are measured. */
export const CONTROL = new URL('control.js', import.meta.url)

/** A Fastify with one route, the least that a service on it costs. */
export const BARE_FASTIFY = new URL('bare-fastify.js', import.meta.url)

/** A server in a process of its own. */
export interface Forked {
  url: URL
  end: () => void
}

/**
 * Starts a program that listens on a port of its choice, and sends it.
 *
 * @throws Error where it ends before
 */
export function forkServer(file: URL): Promise<Forked> {
  const child = fork(file, { execArgv: [] })
  const end = atExit(() => child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    child.once('message', (port) => resolve({ url: new URL(`http://127.0.0.1:${port}`), end }))
    child.once('exit', (code) => reject(new Error(`${file.pathname} ended with ${code}`)))
  })
}

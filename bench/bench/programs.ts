import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { ask } from '@latchkey/compare/measure/client'
import { freePort } from '@latchkey/compare/measure/free-port'
import { messageOf } from '@latchkey/compare/refusal'
import type { Store } from './stores.ts'

/** A program of ours did not start, not do its work, or not end well. */
export class ProgramError extends Error {
  override name = 'ProgramError'
}

/** What follows `node` to start the service, and to give a command. */
export interface Programs {
  service: string[]
  latchkey: string[]
}

const built = (file: string) => fileURLToPath(new URL(`../../dist/src/${file}`, import.meta.url))

export const BUILT: Programs = {
  service: ['--max-semi-space-size=8', built('server.js')],
  latchkey: [built('latchkey.js')]
}

/** A service that answers. */
export interface Running {
  name: string
  url: URL
  /** @throws ProgramError where it does not end well */
  stop: () => Promise<void>
}

export interface Place {
  programs: Programs
  /** The working folder, where no .env has a say. */
  folder: string
}

/** How long a start and a stop may take: the first one of an embedded database takes long on a busy machine. */
const PATIENCE = 180_000
const STOPPING = 20_000
const GLANCE = 20

/** @throws ProgramError with what it said where it does not become ready */
export async function startService(
  { name, environment }: Store,
  { programs, folder }: Place,
  { patience = PATIENCE, stopping = STOPPING } = {}
): Promise<Running> {
  const port = await freePort()
  const child = spawn(process.execPath, programs.service, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment, PORT: `${port}` },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const kill = atExit(() => child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4000)
    })
  }
  let running = true
  const ended = once(child, 'close').finally(() => {
    running = false
  })
  const url = new URL(`http://127.0.0.1:${port}`)
  const end = performance.now() + patience
  while ((await ask(url.origin, 'GET', '/health/ready')).status !== 200) {
    if (!running || performance.now() > end) {
      kill()
      await ended
      throw new ProgramError(`${name} did not start:\n${said}`)
    }
    await pause(GLANCE)
  }
  return {
    name,
    url,
    async stop() {
      const late = setTimeout(kill, stopping)
      child.kill('SIGTERM')
      const [code, signal] = await ended
      clearTimeout(late)
      kill()
      if (code !== 0) throw new ProgramError(`${name} ended with ${code ?? signal}:\n${said}`)
    }
  }
}

/** Gives a command on the accounts of a store. @throws ProgramError with what it said where it fails */
export async function command(words: string[], store: Store, { programs, folder }: Place): Promise<void> {
  const env = { PATH: process.env.PATH, ...store.environment }
  const run = promisify(execFile)(process.execPath, [...programs.latchkey, ...words], { cwd: folder, env })
  await run.catch((error) => {
    throw new ProgramError(`${store.name}: ${messageOf(error)}`)
  })
}

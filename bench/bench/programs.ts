import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { messageOf } from '@latchkey/compare/refusal'
import { BUILT as BUILT_SERVICE, Service } from '../shared/service.ts'
import type { Store } from './stores.ts'

/** A program of ours did not start, not do its work, or not end well. */
export class ProgramError extends Error {
  override name = 'ProgramError'
}

/** What follows `node` to start the service, and to run a command. */
export interface Programs {
  service: string[]
  latchkey: string[]
}

export const BUILT: Programs = {
  service: BUILT_SERVICE,
  latchkey: [fileURLToPath(new URL('../../dist/src/latchkey.js', import.meta.url))]
}

/** A service that is ready. */
export interface Running {
  name: string
  url: URL
  /** @throws ProgramError where it does not end well */
  stop: () => Promise<void>
}

export interface Place {
  programs: Programs
  /** The working folder of commands, where no .env applies. */
  folder: string
}

/** @throws ProgramError with its log where it does not become ready */
export async function startService(
  { name, environment }: Store,
  { programs }: Place,
  { startMs, stopMs }: { startMs?: number; stopMs?: number } = {}
): Promise<Running> {
  const service = await Service.launch({ program: programs.service, environment })
  if (!(await service.isReady(startMs))) {
    await service.stop('SIGKILL')
    throw new ProgramError(`${name} did not start:\n${service.log()}`)
  }
  return {
    name,
    url: new URL(service.base),
    async stop() {
      const { code } = await service.stop('SIGTERM', stopMs)
      if (code === 'still running') throw new ProgramError(`${name} did not stop:\n${service.log()}`)
      if (code !== 0) throw new ProgramError(`${name} ended with ${code}:\n${service.log()}`)
    }
  }
}

/** Runs a command on the accounts of a store. @throws ProgramError with its output where it fails */
export async function command(words: string[], store: Store, { programs, folder }: Place): Promise<void> {
  const env = { PATH: process.env.PATH, ...store.environment }
  const run = promisify(execFile)(process.execPath, [...programs.latchkey, ...words], { cwd: folder, env })
  await run.catch((error) => {
    throw new ProgramError(`${store.name}: ${messageOf(error)}`)
  })
}

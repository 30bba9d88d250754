import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { messageOf } from '@latchkey/compare/refusal'
import { BUILT as BUILT_SERVICE, Service } from '../shared/service.ts'
import type { Store } from './stores.ts'

/** The service or a command failed to start, to finish or to stop. */
export class ProgramError extends Error {
  override name = 'ProgramError'
}

/** The arguments of `node` that start the service and run a command. */
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
  /** @throws ProgramError if it exits with an error */
  stop: () => Promise<void>
}

export interface Place {
  programs: Programs
  /** The working directory of commands, without an .env. */
  folder: string
}

/** @throws ProgramError with its log if it does not become ready */
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

/** Runs a command on the accounts of a store. @throws ProgramError with its output if it fails */
export async function command(words: string[], store: Store, { programs, folder }: Place): Promise<void> {
  const env = { PATH: process.env.PATH, ...store.environment }
  const run = promisify(execFile)(process.execPath, [...programs.latchkey, ...words], { cwd: folder, env })
  await run.catch((error) => {
    throw new ProgramError(`${store.name}: ${messageOf(error)}`)
  })
}

import type { Test } from 'tap'
import { build, testClock } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

/** A service, and an operator beside it on the same database and clock. */
export async function workplace(t: Test, environment: Record<string, string> = {}) {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const fastify = await build(t, { database, clock, environment })
  const run = await operator(t, { database, clock, environment })
  return {
    clock,
    fastify,
    run,
    /** What a command answers with --json. */
    ask: async (...words: string[]) => JSON.parse((await run(['--json', ...words])).stdout)
  }
}

/** What came of a command that names somebody who is not there. */
export const UNKNOWN = { code: 1, stdout: '', stderr: 'There is no user with the username nobody.\n' }

/** What a command says that would leave no administrator. */
export const LAST_ADMIN = 'That would leave no enabled administrator. Use --force to do it all the same.\n'

export const done = (stdout: string) => ({ code: 0, stdout: `${stdout}\n`, stderr: '' })

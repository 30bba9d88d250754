import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Programs } from '../../../bench/bench/programs.ts'
import { environmentOf, type Store } from '../../../bench/bench/stores.ts'
import { fillDataFolder } from '../../helpers/database.ts'

const inTest = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const sources = ['--import', inTest('helpers/typescript.mjs')]
const starting = [inTest('../node_modules/fastify-cli/cli.js'), 'start', '--options', '-a', '127.0.0.1', '-g', '5000']

/** The service and its commands as they stand, which nobody has built. */
export const SOURCES: Programs = {
  service: [...sources, ...starting, inTest('../src/app.ts')],
  latchkey: [...sources, inTest('../src/latchkey.ts')]
}

/** A store with the current schema: a service that makes it itself takes seconds. */
export async function realStore(t: Test): Promise<Store> {
  const environment = { ...environmentOf(10), FASTIFY_AUTOLOAD_TYPESCRIPT: '1' }
  const data = join(t.testdir({ data: {} }), 'data')
  await fillDataFolder(data)
  return { name: 'real', environment: { ...environment, DATA_DIR: data } }
}

import { join } from 'node:path'
import { messageOf, Refusal } from '@latchkey/compare/refusal'
import { openServer } from '../shared/databases.ts'
import { ENVIRONMENT } from '../shared/service.ts'

/** A database with the environment of a service on it. */
export interface Store {
  name: string
  environment: Record<string, string>
}

export interface Stores {
  /** Creates empty stores for this purpose. */
  empty: (what: string, cost: number) => Promise<Store[]>
  versions: Record<string, string>
  close: () => Promise<void>
}

const OWN_SERVER = new URL('../shared/own-server.ts', import.meta.url).href

/**
 * Opens both kinds of database: one on the given server or on a new one, and an embedded one.
 *
 * @throws Refusal if there is no server
 */
export async function openStores(given: string | undefined, folder: string, ownServer = OWN_SERVER): Promise<Stores> {
  const server = await openServer(given ?? (await startServer(ownServer)))
  return {
    async empty(what, cost) {
      const common = environmentOf(cost)
      return [
        { name: 'postgresql', environment: { ...common, DATABASE_URL: await server.create(what) } },
        { name: 'embedded', environment: { ...common, DATA_DIR: join(folder, what) } }
      ]
    },
    versions: { postgresql: server.version },
    close: server.drop
  }
}

/** Without limits, and with a queue that is long enough for all clients. */
export const environmentOf = (cost: number) => ({ ...ENVIRONMENT, BCRYPT_COST: `${cost}`, HASH_QUEUE: '200' })

/** Loaded on demand, since the module needs PostgreSQL's programs. */
async function startServer(module: string): Promise<string> {
  try {
    return await (await import(module)).startServer()
  } catch (error) {
    throw new Refusal(`no server of PostgreSQL can be started here: ${messageOf(error)}\nName one with --database.`)
  }
}

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { lockFolder } from './folder-lock.ts'

/** The driver's classes over a PostgreSQL inside this process, in the shape in which @fastify/postgres takes them. */
export interface EmbeddedDriver {
  Pool: typeof pg.Pool
  Client: typeof pg.Client
}

/**
 * How PostgreSQL starts inside this process. It zeroes its buffers then, and the 128 MB that it takes by default would
 * cost a small database most of its memory and half a second.
 *
 * @param defaults the parameters that PGlite starts it with
 */
export const startParams = (defaults: readonly string[]) => [...defaults, '-c', 'shared_buffers=16MB']

/**
 * Opens the embedded database of a folder, which is made where it is missing, and keeps every other process out.
 * The code for it is loaded only now: an installation with a server of its own never pays for it.
 *
 * @returns the database, and what closes it and gives the folder back
 * @throws FolderLocked when another process uses the folder
 */
export async function openEmbedded(folder: string): Promise<{ database: PGlite; close: () => Promise<void> }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unlock = lockFolder(folder)
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    const data = join(folder, 'postgres')
    if (!existsSync(data)) await initialize(PGlite, data)
    const database = await PGlite.create(data, { startParams: startParams(PGlite.defaultStartParams) })
    return { database, close: () => database.close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Makes the database beside its place and moves it there: a crash in the middle leaves nothing that looks like one. */
async function initialize({ create }: Pick<typeof PGlite, 'create'>, data: string): Promise<void> {
  const unfinished = `${data}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const database = await create(unfinished)
  await database.close()
  renameSync(unfinished, data)
}

/** Gives an open embedded database the driver's interface: a pool of its one connection. */
export async function embeddedDriver(database: PGlite): Promise<EmbeddedDriver> {
  const { PglitePgConnection } = await import('@electric-sql/pglite/node-postgres')

  // Each client has a connection object of its own: one that is shared goes on with the last one's error.
  class Client extends pg.Client {
    constructor() {
      super({ connection: new PglitePgConnection({ pglite: database }) } as unknown as pg.ClientConfig)
    }
  }

  class Pool extends pg.Pool {
    constructor(options: pg.PoolConfig) {
      super({ ...options, Client, max: 1, idleTimeoutMillis: 0, onConnect: tidy } as pg.PoolConfig)
    }
  }

  // A client whose work was cut off may have left a transaction open in the one session that all of them share.
  const tidy = (client: pg.ClientBase) => client.query('ROLLBACK').then(() => client.query('DISCARD ALL'))

  return { Pool, Client: Client as unknown as typeof pg.Client }
}

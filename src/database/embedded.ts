import { existsSync, lstatSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import type { NodeFS } from '@electric-sql/pglite/nodefs'
import pg from 'pg'
import { prepareFolder } from '../config/data-folder.ts'
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

/** The embedded database of a folder cannot be opened; the message names the folder, and says why and what to do. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError'
}

/** The major version of the PostgreSQL inside PGlite. */
const MAJOR = '18'

/** What has to be free on the disk, in megabytes: to make a database, to try to open one, and to be sure that it opens. */
const SPACE = { fresh: 48, least: 2, segment: 17 }

/**
 * Opens the embedded database of a folder, which is made where it is missing, and keeps every other process out.
 * The code for it is loaded only now: an installation with a server of its own never pays for it.
 *
 * @param keepPermissions leave the permissions of what is in the folder as they are
 * @returns the database, and what closes it and gives the folder back
 * @throws FolderLocked when another process uses the folder
 * @throws DataFolderError when the folder cannot be used, or not be closed to other users
 * @throws EmbeddedDatabaseError when the database in it cannot be opened
 */
export async function openEmbedded(
  folder: string,
  { keepPermissions = false } = {}
): Promise<{ database: PGlite; close: () => Promise<void> }> {
  prepareFolder(folder, { keepPermissions })
  const data = join(folder, 'postgres')
  const isThere = existsSync(data)
  // Its disk may only be away: an empty database in its place would look like a loss.
  if (!isThere && lstatSync(data, { throwIfNoEntry: false })) {
    throw new EmbeddedDatabaseError(
      `${data} is a link that leads nowhere: mount or restore what it names, or set another DATA_DIR`
    )
  }
  requireSpace(folder, isThere ? SPACE.least : SPACE.fresh)
  const unlock = lockFolder(folder)
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    if (isThere) requireVersion(data)
    else await initialize(PGlite, data)
    const start = { fs: await privateFiles(data), startParams: startParams(PGlite.defaultStartParams) }
    const database = await PGlite.create(start).catch((cause) => {
      requireSpace(folder, SPACE.segment)
      throw new EmbeddedDatabaseError(unusable(data), { cause })
    })
    return { database, close: () => database.close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Of another major version nothing can be read; without a version it is not a database at all. */
function requireVersion(data: string): void {
  const path = join(data, 'PG_VERSION')
  const version = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  if (version === MAJOR) return
  throw new EmbeddedDatabaseError(
    /^\d+$/.test(version)
      ? `The embedded database in ${data} was made by PostgreSQL ${version}, and this version of the service has PostgreSQL ${MAJOR}: move it with "latchkey backup" of the version that made it, and "latchkey restore"`
      : unusable(data)
  )
}

/** PostgreSQL would end without a word that says so. */
function requireSpace(folder: string, megabytes: number): void {
  const { blocks, bavail, bsize } = statfsSync(folder)
  const free = Math.floor((bavail * bsize) / 2 ** 20)
  // Some file systems, such as those of a network, do not tell how large they are.
  if (blocks === 0 || free >= megabytes) return
  throw new EmbeddedDatabaseError(
    `The embedded database in ${folder} needs ${megabytes} MB of free space, and its disk has ${free} MB: make room, or set another DATA_DIR`
  )
}

const unusable = (data: string) =>
  `The embedded database in ${data} cannot be opened, since its files are damaged or not complete: restore a backup into another DATA_DIR`

/** Makes the database beside its place and moves it there: a crash in the middle leaves nothing that looks like one. */
async function initialize({ create }: Pick<typeof PGlite, 'create'>, data: string): Promise<void> {
  const unfinished = `${data}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const database = await create({ fs: await privateFiles(unfinished) })
  await database.close()
  renameSync(unfinished, data)
}

/**
 * The files of a database in a folder. PGlite gives those that it makes the permissions 0666, whatever the umask; here
 * nothing that it makes or changes can be read by others.
 */
async function privateFiles(folder: string): Promise<NodeFS> {
  const { NodeFS } = await import('@electric-sql/pglite/nodefs')

  class PrivateFS extends NodeFS {
    override async init(...given: Parameters<NodeFS['init']>) {
      const made = await super.init(...given)
      const { preRun = [] } = made.emscriptenOpts
      const restrict = ({ FS }: { FS: EmscriptenFS }) => {
        const { chmod } = FS
        FS.chmod = (path, mode, ...rest) => chmod.call(FS, path, mode & ~0o077, ...rest)
      }
      return { emscriptenOpts: { ...made.emscriptenOpts, preRun: [...preRun, restrict] } }
    }
  }

  return new PrivateFS(folder)
}

interface EmscriptenFS {
  chmod(path: unknown, mode: number, ...rest: unknown[]): void
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
      super({ ...options, Client, max: 1, idleTimeoutMillis: 0, onConnect: resetSession } as pg.PoolConfig)
    }
  }

  // A client whose work was cut off may have left a transaction open in the one session that all of them share.
  const resetSession = (client: pg.ClientBase) => client.query('ROLLBACK').then(() => client.query('DISCARD ALL'))

  return { Pool, Client: Client as unknown as typeof pg.Client }
}

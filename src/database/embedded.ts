import { existsSync, lstatSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import type { NodeFS } from '@electric-sql/pglite/nodefs'
import pg from 'pg'
import { prepareFolder } from '../config/data-folder.ts'
import { lockFolder } from './folder-lock.ts'

/** The driver's classes on top of the embedded PostgreSQL, as @fastify/postgres accepts them. */
export interface EmbeddedDriver {
  Pool: typeof pg.Pool
  Client: typeof pg.Client
}

/**
 * The start parameters of the embedded PostgreSQL. It zeroes its shared buffers at start: the default of 128 MB would
 * take most of the memory, and half a second.
 *
 * @param defaults PGlite's parameters
 */
export const startParams = (defaults: readonly string[]) => [...defaults, '-c', 'shared_buffers=16MB']

/** The embedded database cannot be opened. The message names the folder, the reason and the fix. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError'
}

/** The major version of the PostgreSQL inside PGlite. */
const MAJOR = '18'

/**
 * Free disk space, in megabytes: `create` is needed for a new database, `open` to try to open one. If opening fails
 * with less than `recover`, which is a WAL segment and a margin, the disk is reported as the reason.
 */
const SPACE = { create: 48, open: 2, recover: 17 }

/**
 * Opens the embedded database in a folder, creates it if it is missing, and locks the folder against other processes.
 * PGlite is loaded only here: installations with a server do not need it in memory.
 *
 * @param keepPermissions do not change the permissions of the files
 * @returns the database, and a function that closes it and unlocks the folder
 * @throws FolderLocked if another process uses the folder
 * @throws DataFolderError if the folder cannot be used or made private
 * @throws EmbeddedDatabaseError if the database cannot be opened
 */
export async function openEmbedded(
  folder: string,
  { keepPermissions = false } = {}
): Promise<{ database: PGlite; close: () => Promise<void> }> {
  prepareFolder(folder, { keepPermissions })
  const data = join(folder, 'postgres')
  const exists = existsSync(data)
  // A dangling link: its disk may not be mounted. A new, empty database would look like a loss of data.
  if (!exists && lstatSync(data, { throwIfNoEntry: false })) {
    throw new EmbeddedDatabaseError(`${data} is a dangling link: mount or restore its target, or set another DATA_DIR`)
  }
  requireSpace(folder, exists ? SPACE.open : SPACE.create)
  const unlock = lockFolder(folder)
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    if (exists) requireVersion(data)
    else await initialize(PGlite, data)
    const start = { fs: await privateFiles(data), startParams: startParams(PGlite.defaultStartParams) }
    const database = await PGlite.create(start).catch((cause) => {
      requireSpace(folder, SPACE.recover)
      throw new EmbeddedDatabaseError(unusable(data), { cause })
    })
    return { database, close: () => database.close().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}

/** PostgreSQL cannot read the files of another major version. Without PG_VERSION it is not a database. */
function requireVersion(data: string): void {
  const path = join(data, 'PG_VERSION')
  const version = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  if (version === MAJOR) return
  throw new EmbeddedDatabaseError(
    /^\d+$/.test(version)
      ? `The embedded database in ${data} was created by PostgreSQL ${version}, and this version of the service has PostgreSQL ${MAJOR}: move it with "latchkey backup" of the version that created it, and "latchkey restore"`
      : unusable(data)
  )
}

/** On a full disk PostgreSQL ends without a helpful message. */
function requireSpace(folder: string, megabytes: number): void {
  const { blocks, bavail, bsize } = statfsSync(folder)
  const free = Math.floor((bavail * bsize) / 2 ** 20)
  // Some network file systems report no size.
  if (blocks === 0 || free >= megabytes) return
  throw new EmbeddedDatabaseError(
    `The embedded database in ${folder} needs ${megabytes} MB of free space, and its disk has ${free} MB: free some space, or set another DATA_DIR`
  )
}

const unusable = (data: string) =>
  `The embedded database in ${data} cannot be opened, since its files are damaged or incomplete: restore a backup into another DATA_DIR`

/** Creates the database under another name and renames it, so that a crash leaves no partial database. */
async function initialize({ create }: Pick<typeof PGlite, 'create'>, data: string): Promise<void> {
  const unfinished = `${data}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const database = await create({ fs: await privateFiles(unfinished) })
  await database.close()
  renameSync(unfinished, data)
}

/**
 * A PGlite file system whose files only the owner can read. PGlite creates files with mode 0666 and ignores the umask.
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

/** Wraps an open embedded database in the driver's interface: a pool of its one connection. */
export async function embeddedDriver(database: PGlite): Promise<EmbeddedDriver> {
  const { PglitePgConnection } = await import('@electric-sql/pglite/node-postgres')

  // One connection object a client: a shared one would keep the error of the previous client.
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

  // All clients share one session, in which an interrupted client may have left a transaction open.
  const resetSession = (client: pg.ClientBase) => client.query('ROLLBACK').then(() => client.query('DISCARD ALL'))

  return { Pool, Client: Client as unknown as typeof pg.Client }
}

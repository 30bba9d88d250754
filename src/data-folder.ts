import { accessSync, chmodSync, constants, mkdirSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** DATA_DIR cannot be used; the message names the folder, why, and what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

/** Files and folders that this process makes are its user's alone. Every program of ours begins with this. */
export function keepFilesPrivate(): void {
  process.umask(0o077)
}

/** What the service itself puts into its folder. */
const OWN = /^(?:postgres|secret\.key|lock)(?:\.|$)/

/**
 * Makes DATA_DIR ready: it exists, belongs to the user of this process, can be written, and is closed to everybody else
 * whatever permissions it had, with everything that the service keeps in it. PostgreSQL asks the same of its own folder.
 *
 * @param asItIs close nothing: only look whether it could be made ready
 * @throws DataFolderError
 */
export function prepareFolder(folder: string, { asItIs = false } = {}): void {
  make(resolve(folder), folder)
  const entries = attempt(folder, 'read', () => readdirSync(folder))
  if (process.geteuid) closeToOthers(realpathSync(folder), entries, process.geteuid(), asItIs)
  attempt(folder, 'written', () => accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK))
}

/**
 * Whether a file is there: not so where it or a folder above is missing. `existsSync` says that it is missing also where
 * this user may not look.
 *
 * @throws DataFolderError where that cannot be told
 */
export function isThere(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (['ENOENT', 'ENOTDIR'].includes(code)) return false
    const folder = dirname(resolve(path))
    throw new DataFolderError(
      code === 'EACCES'
        ? `${folder} belongs to another user, and this one may not look into it: run this as the user that the service runs as`
        : `${folder} cannot be read: ${message}`
    )
  }
}

/** One level at a time: Node's recursive way never ends where a file system takes no folders, as below /proc. */
function make(path: string, folder: string): void {
  if (attempt(folder, 'read', () => statOf(path))) return
  if (dirname(path) !== path) make(dirname(path), folder)
  attempt(folder, 'made', () => {
    try {
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      // Another process that starts may have made it.
      if (!statOf(path)?.isDirectory()) throw error
    }
  })
}

function closeToOthers(path: string, entries: string[], user: number, asItIs: boolean): void {
  const own = entries.filter((name) => OWN.test(name)).map((name) => join(path, name))
  // The permissions of a folder such as /tmp are not ours to change.
  if (isOpen(statSync(path)) && own.length < entries.length) {
    throw new DataFolderError(
      `${path} is open to other users and has other files in it: set DATA_DIR to a folder of its own, or run: chmod go= ${path}`
    )
  }
  for (const each of [path, ...own, ...own.flatMap(contents)]) close(each, path, user, asItIs)
}

/** Everything below a folder; links are not followed. */
function contents(path: string): string[] {
  if (!statOf(path)?.isDirectory()) return []
  const entries = readdirSync(path, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => !entry.isSymbolicLink()).map(({ parentPath, name }) => join(parentPath, name))
}

function close(path: string, folder: string, user: number, asItIs: boolean): void {
  const stats = statOf(path)
  // It may be gone by now, as the lock of a process that has just ended is.
  if (!stats) return
  if (stats.uid !== user) {
    throw new DataFolderError(
      `${path} belongs to user ${stats.uid}, and this process runs as user ${user}: run it as the owner, set DATA_DIR to a folder that it can make itself, or run: chown -R ${user} ${folder}`
    )
  }
  if (asItIs || !isOpen(stats)) return
  attempt(folder, 'closed to other users', () => chmodSync(path, stats.mode & 0o700))
  if (isOpen(statSync(path))) {
    throw new DataFolderError(
      `${path} stays open to other users, since its file system keeps no permissions: set DATA_DIR to a folder elsewhere`
    )
  }
}

const statOf = (path: string) => statSync(path, { throwIfNoEntry: false })

const isOpen = ({ mode }: Stats) => (mode & 0o077) !== 0

function attempt<Result>(folder: string, what: string, act: () => Result): Result {
  try {
    return act()
  } catch (error) {
    const { message } = error as Error
    throw new DataFolderError(
      `DATA_DIR ${folder} cannot be ${what}: ${message}. Set it to a folder that this user can write.`
    )
  }
}

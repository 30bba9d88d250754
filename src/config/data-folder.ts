import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync
} from 'node:fs'
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

/** What people may keep elsewhere, with a link to it in the folder. */
const MOVABLE = ['postgres', 'secret.key']

/**
 * Makes DATA_DIR ready: it exists, belongs to the user of this process, can be written, and is closed to everybody else
 * whatever permissions it had, with everything that the service keeps in it. PostgreSQL asks the same of its own folder.
 *
 * @param keepPermissions close nothing: only look whether it could be made ready
 * @throws DataFolderError
 */
export function prepareFolder(folder: string, { keepPermissions = false } = {}): void {
  make(resolve(folder), folder)
  const entries = attempt(folder, 'read', () => readdirSync(folder))
  if (process.geteuid) closeToOthers(realpathSync(folder), entries, process.geteuid(), keepPermissions)
  attempt(folder, 'written', () => accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK))
}

/**
 * Whether a file is there: not so where it or a folder above is missing. `existsSync` says that it is missing also where
 * this user may not look.
 *
 * @throws DataFolderError where that cannot be told
 */
export function exists(path: string): boolean {
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
  if (attempt(folder, 'made', () => lstatSync(path, { throwIfNoEntry: false }))) {
    throw new DataFolderError(
      `DATA_DIR ${folder} cannot be made: ${path} is a link that leads nowhere. Make the folder that it names, or remove the link.`
    )
  }
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

function closeToOthers(path: string, entries: string[], user: number, keepPermissions: boolean): void {
  const isShared = entries.some((name) => !OWN.test(name))
  // The permissions of a folder such as /tmp are not ours to change.
  if (isOpen(statSync(path)) && isShared) {
    throw new DataFolderError(
      `${path} is open to other users and has other files in it: set DATA_DIR to a folder of its own`
    )
  }
  const closing = { user, folder: path, isShared, keepPermissions }
  close(path, statSync(path), closing)
  // Looked at only now, when nobody else can add or exchange anything.
  for (const name of readdirSync(path).filter((name) => OWN.test(name))) {
    closeWhole(join(path, name), closing, MOVABLE.includes(name))
  }
}

interface Closing {
  user: number
  /** The folder that all of it is in. */
  folder: string
  /** Whether that folder has other things in it, which keep their owners and permissions. */
  isShared: boolean
  /** Whether to close nothing, and only to look. */
  keepPermissions: boolean
}

/**
 * Closes a file, or a folder from the top down. While a folder was open, others may have planted links in it, and
 * changing permissions follows a link to whatever it names: so links are passed over.
 *
 * @param mayLead whether it may be a link of this user's to something kept elsewhere
 */
function closeWhole(path: string, closing: Closing, mayLead = false): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  // It may be gone by now, as the lock of a process that has just ended is.
  if (!stats) return
  if (stats.isSymbolicLink()) {
    closeLink(path, stats, closing, mayLead)
    return
  }
  close(path, stats, closing)
  if (!stats.isDirectory()) return
  for (const name of readdirSync(path)) closeWhole(join(path, name), closing)
}

function closeLink(path: string, { uid }: Stats, closing: Closing, mayLead: boolean): void {
  const { user, folder } = closing
  if (uid !== user) {
    throw new DataFolderError(
      `${path} is a link that belongs to user ${uid}, and this process runs as user ${user}: remove it`
    )
  }
  if (!mayLead || !attempt(folder, 'read', () => statOf(path))) return
  const target = realpathSync(path)
  closeWhole(target, { ...closing, folder: target, isShared: false })
}

function close(path: string, stats: Stats, { user, folder, isShared, keepPermissions }: Closing): void {
  if (stats.uid !== user) {
    const ways = ['run it as the owner', 'set DATA_DIR to a folder that it can make itself']
    if (!isShared) ways.push(`run: chown -R ${user} ${folder}`)
    throw new DataFolderError(
      `${path} belongs to user ${stats.uid}, and this process runs as user ${user}: ${inWords(ways)}`
    )
  }
  if (keepPermissions || !isOpen(stats)) return
  attempt(folder, 'closed to other users', () => chmodSync(path, stats.mode & 0o700))
  if (isOpen(statSync(path))) {
    throw new DataFolderError(
      `${path} stays open to other users, since its file system keeps no permissions: set DATA_DIR to a folder elsewhere`
    )
  }
}

/** The last of several ways comes after "or". */
const inWords = (ways: string[]) => new Intl.ListFormat('en', { type: 'disjunction' }).format(ways)

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

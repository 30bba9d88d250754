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

/** DATA_DIR cannot be used. The message names the folder, the reason and the fix. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

/** Makes all files that this process creates private to its user. Every program calls it first. */
export function keepFilesPrivate(): void {
  process.umask(0o077)
}

/** Files of the service in its folder. */
const OWN = /^(?:postgres|secret\.key|lock)(?:\.|$)/

/** Files that may be symbolic links to another place. */
const LINKABLE = ['postgres', 'secret.key']

/**
 * Prepares DATA_DIR: creates it, requires that it belongs to the user of this process and is writable, and removes all
 * permissions of other users from it and the service's files in it. PostgreSQL requires the same of its data directory.
 *
 * @param folder DATA_DIR
 * @param keepPermissions check only, change no permissions
 * @throws DataFolderError if the folder cannot be used
 */
export function prepareFolder(folder: string, { keepPermissions = false } = {}): void {
  create(resolve(folder), folder)
  const entries = attempt(folder, 'read', () => readdirSync(folder))
  if (process.geteuid) restrictFolder(realpathSync(folder), entries, process.geteuid(), keepPermissions)
  attempt(folder, 'written', () => accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK))
}

/**
 * Whether a file exists. Unlike `existsSync`, it does not report a file as missing if this user lacks permission to
 * look.
 *
 * @throws DataFolderError if the folder cannot be read
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
        ? `${folder} belongs to another user, and this one may not read it: run this as the user of the service`
        : `${folder} cannot be read: ${message}`
    )
  }
}

/** Creates one level at a time: with `recursive`, Node loops forever on a file system without mkdir, such as /proc. */
function create(path: string, folder: string): void {
  if (attempt(folder, 'read', () => statOf(path))) return
  if (attempt(folder, 'created', () => lstatSync(path, { throwIfNoEntry: false }))) {
    throw new DataFolderError(
      `DATA_DIR ${folder} cannot be created: ${path} is a dangling link. Create its target, or remove the link.`
    )
  }
  if (dirname(path) !== path) create(dirname(path), folder)
  attempt(folder, 'created', () => {
    try {
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      // A concurrent process may have created it.
      if (!statOf(path)?.isDirectory()) throw error
    }
  })
}

/** Makes the folder and the service's files in it private. */
function restrictFolder(path: string, entries: string[], user: number, keepPermissions: boolean): void {
  const isShared = entries.some((name) => !OWN.test(name))
  // A shared folder such as /tmp must keep its permissions.
  if (isOpenToOthers(statSync(path)) && isShared) {
    throw new DataFolderError(
      `${path} is open to other users and has other files in it: set DATA_DIR to a folder of its own`
    )
  }
  const restriction = { user, folder: path, isShared, keepPermissions }
  restrict(path, statSync(path), restriction)
  // Read again: from now on no other user can add or replace files.
  for (const name of readdirSync(path).filter((name) => OWN.test(name))) {
    restrictTree(join(path, name), restriction, LINKABLE.includes(name))
  }
}

interface Restriction {
  /** Id of this process's user. */
  user: number
  /** The folder to name in messages. */
  folder: string
  /** Whether the folder has other files in it, which keep their owners and permissions. */
  isShared: boolean
  /** Check only. */
  keepPermissions: boolean
}

/**
 * Makes a file private, or a folder from the top down. It does not follow links: other users may have planted them
 * while the folder was open, and chmod(2) changes the target.
 *
 * @param mayBeLink whether a link of this user is followed
 */
function restrictTree(path: string, restriction: Restriction, mayBeLink = false): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  // It may have been deleted meanwhile, as the lock of a process that has just ended.
  if (!stats) return
  if (stats.isSymbolicLink()) {
    restrictTarget(path, stats, restriction, mayBeLink)
    return
  }
  restrict(path, stats, restriction)
  if (!stats.isDirectory()) return
  for (const name of readdirSync(path)) restrictTree(join(path, name), restriction)
}

function restrictTarget(path: string, { uid }: Stats, restriction: Restriction, mayBeLink: boolean): void {
  const { user, folder } = restriction
  if (uid !== user) {
    throw new DataFolderError(
      `${path} is a link that belongs to user ${uid}, and this process runs as user ${user}: remove it`
    )
  }
  if (!mayBeLink || !attempt(folder, 'read', () => statOf(path))) return
  const target = realpathSync(path)
  restrictTree(target, { ...restriction, folder: target, isShared: false })
}

function restrict(path: string, stats: Stats, { user, folder, isShared, keepPermissions }: Restriction): void {
  if (stats.uid !== user) {
    const fixes = ['run it as the owner', 'set DATA_DIR to a folder that it can create']
    if (!isShared) fixes.push(`run: chown -R ${user} ${folder}`)
    throw new DataFolderError(
      `${path} belongs to user ${stats.uid}, and this process runs as user ${user}: ${listFixes(fixes)}`
    )
  }
  if (keepPermissions || !isOpenToOthers(stats)) return
  attempt(folder, 'made private', () => chmodSync(path, stats.mode & 0o700))
  if (isOpenToOthers(statSync(path))) {
    throw new DataFolderError(
      `${path} stays open to other users, since its file system has no permissions: set DATA_DIR to a folder elsewhere`
    )
  }
}

const listFixes = (fixes: string[]) => new Intl.ListFormat('en', { type: 'disjunction' }).format(fixes)

const statOf = (path: string) => statSync(path, { throwIfNoEntry: false })

const isOpenToOthers = ({ mode }: Stats) => (mode & 0o077) !== 0

function attempt<Result>(folder: string, participle: string, act: () => Result): Result {
  try {
    return act()
  } catch (error) {
    const { message } = error as Error
    throw new DataFolderError(
      `DATA_DIR ${folder} cannot be ${participle}: ${message}. Set it to a folder that this user can write.`
    )
  }
}

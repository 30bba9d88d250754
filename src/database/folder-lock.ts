import { lstatSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DataFolderError } from '../config/data-folder.ts'

/** The process that holds a lock. Its start time tells it from a later process with the same id. */
interface Holder {
  pid: number
  host: string
  started: string
  /** Device and inode of the locked folder. In a copy of the folder the lock is invalid. */
  folder?: string
}

/** Interval at which a lock is renewed, for other hosts, which cannot see the process. Milliseconds. */
const HEARTBEAT = 5_000
/** Age at which another host considers a lock abandoned, in milliseconds. */
const STALE = 3 * HEARTBEAT

/** An incomplete lock or a claim that is older was left by a crash. Milliseconds. */
const INCOMPLETE = 2_000

/** Another process uses the folder. */
export class FolderLocked extends Error {
  override readonly name = 'FolderLocked'
}

/**
 * Locks a folder for this process, by a file `lock` in it. The lock of a dead process is taken over at once;
 * proper-lockfile knows only the age of a lock, and would wait for its timeout.
 *
 * @returns unlocks the folder
 * @throws FolderLocked if another running process holds the lock
 * @throws DataFolderError if the lock is not a regular file
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock')
  const own = describeSelf(folder)
  while (!create(path, own)) {
    requireFile(path)
    const text = read(path)
    if (text === undefined) continue
    const holder = parse(text)
    if (isAlive(holder, path) && !isOfAnother(folder, holder)) throw new FolderLocked(refusal(folder, holder))
    removeStale(path, text)
  }
  const heartbeat = setInterval(() => renew(path), HEARTBEAT)
  heartbeat.unref()
  return () => {
    clearInterval(heartbeat)
    if (read(path) === own) rmSync(path, { force: true })
  }
}

function renew(path: string): void {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Not fatal: the next heartbeat may succeed.
  }
}

/**
 * Removes the lock of a dead process. The claim file lets only one process do so at a time, and the second read makes
 * sure that it is still the same lock.
 */
function removeStale(path: string, text: string): void {
  const claim = `${path}.claim`
  if (!create(claim, '')) {
    requireFile(claim)
    if (ageOf(claim) > INCOMPLETE) rmSync(claim, { force: true })
    return
  }
  if (read(path) === text) rmSync(path, { force: true })
  rmSync(claim, { force: true })
}

function refusal(folder: string, holder: Holder | undefined): string {
  const who = holder ? `process ${holder.pid} on ${holder.host}` : 'a process that is starting'
  return `${folder} is in use by ${who}: stop that service first, or set another DATA_DIR`
}

/** Parses a lock. Returns undefined while it is being written, or if a crash has left it incomplete. */
function parse(text: string): Holder | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function describeSelf(folder: string): string {
  const { pid } = process
  const holder = { pid, host: hostname(), started: startOf(pid) ?? '', folder: identify(folder) } satisfies Holder
  return JSON.stringify(holder)
}

/**
 * Whether the lock was copied with the folder. Another host may use other device numbers, and earlier versions stored
 * none.
 */
function isOfAnother(folder: string, holder: Holder | undefined): boolean {
  return holder?.folder !== undefined && holder.host === hostname() && holder.folder !== identify(folder)
}

function identify(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true })
  return `${dev}:${ino}`
}

function isAlive(holder: Holder | undefined, path: string): boolean {
  if (!holder) return ageOf(path) < INCOMPLETE
  const { pid, host, started } = holder
  if (host !== hostname()) return ageOf(path) < STALE
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const start = startOf(pid)
  return start === undefined || start === started
}

/**
 * Start time of a process in clock ticks (Linux: field 22 of /proc/PID/stat, see proc(5)). Empty for a zombie;
 * undefined on other systems.
 */
function startOf(pid: number): string | undefined {
  const stat = readStat(pid)
  if (stat === undefined) return undefined
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? '' : fields[18]
}

/** Creates a file. Returns false if it already exists. */
function create(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * The lock must be a regular file: a dangling link could neither be created nor read, and reading a pipe would block.
 */
function requireFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== false) return
  throw new DataFolderError(`${path} is not a regular file, as the lock of the folder must be: remove it`)
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
}

/** Reads a file. Returns undefined if it does not exist; rethrows other errors, which would recur forever. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function ageOf(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
}

import { lstatSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DataFolderError } from '../config/data-folder.ts'

/** Who holds a folder: a process, told apart from a later one with the same number by the time of its start. */
interface Holder {
  pid: number
  host: string
  started: string
  /** Which folder it holds, by device and inode: in a copy of the folder the lock is a copy too, and holds nothing. */
  folder?: string
}

/** A holder renews its lock this often, in milliseconds, for those who cannot see its process. */
const HEARTBEAT = 5_000
const STALE = 3 * HEARTBEAT

/** What takes a moment to write, and is older than this, was left by a crash. */
const TORN = 2_000

/** Another process works in the folder. */
export class FolderLocked extends Error {
  override readonly name = 'FolderLocked'
}

/**
 * Takes the folder for this process alone, by a file `lock` in it. A lock whose holder is dead is taken over at once, and
 * not after a timeout as by proper-lockfile, which knows a holder by the age of its lock alone.
 *
 * @returns what gives the folder back
 * @throws FolderLocked when another living process holds it
 * @throws DataFolderError when something else than a file has the name of the lock
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
    // No reason to stop a service that works: the next beat may succeed.
  }
}

/**
 * Removes a dead holder's lock. Of several processes that found it at once only one may, and none may remove the
 * lock that another has made since: hence the claim, and the second look under it.
 */
function removeStale(path: string, text: string): void {
  const claim = `${path}.claim`
  if (!create(claim, '')) {
    requireFile(claim)
    if (ageOf(claim) > TORN) rmSync(claim, { force: true })
    return
  }
  if (read(path) === text) rmSync(path, { force: true })
  rmSync(claim, { force: true })
}

function refusal(folder: string, holder: Holder | undefined): string {
  const who = holder ? `process ${holder.pid} on ${holder.host}` : 'a process that is just starting'
  return `${folder} is in use by ${who}: stop that service first, or set another DATA_DIR`
}

/** The holder that a lock names: none while it is being written, or where a crash cut that short. */
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

/** Another host may know the same folder by another number, and a version before this one named none. */
function isOfAnother(folder: string, holder: Holder | undefined): boolean {
  return holder?.folder !== undefined && holder.host === hostname() && holder.folder !== identify(folder)
}

function identify(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true })
  return `${dev}:${ino}`
}

function isAlive(holder: Holder | undefined, path: string): boolean {
  if (!holder) return ageOf(path) < TORN
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
 * When a process started, as the kernel counts (Linux: /proc/PID/stat, field 22). Empty for one that is dead but not
 * yet reaped; undefined where the system does not tell.
 */
function startOf(pid: number): string | undefined {
  const stat = readStat(pid)
  if (stat === undefined) return undefined
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? '' : fields[18]
}

/** Makes a file that was not there, and says whether it could. */
function create(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** A link that leads nowhere would be neither made nor gone, and a pipe would never be read. */
function requireFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== false) return
  throw new DataFolderError(`${path} is not a file, and the lock of the folder has to be one: remove it`)
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
}

/** What a file holds; nothing when it is gone. One that cannot be read would never be gone. */
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

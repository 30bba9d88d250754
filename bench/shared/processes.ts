import { execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atExit } from '@latchkey/compare/measure/at-exit'

export { freePort } from '@latchkey/compare/measure/free-port'

export const isRoot = process.getuid?.() === 0

/** PostgreSQL and PgBouncer refuse to run as root: then they run as postgres. */
const owner = isRoot ? { uid: idOf('-u'), gid: idOf('-g') } : undefined

function idOf(option: string): number {
  return Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
}

/** Runs a program of PostgreSQL's to its end. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { ...owner, cwd: '/', env: { PATH: process.env.PATH } })
  return stdout
}

/** Starts a program in the background. */
export function launch(program: string, args: string[], options: SpawnOptions = {}) {
  return spawn(program, args, { ...owner, cwd: '/', stdio: 'ignore', ...options })
}

/** Creates a directory for PostgreSQL that is removed at exit. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  own(folder)
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function own(path: string): void {
  if (owner) chownSync(path, owner.uid, owner.gid)
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export function childrenOf(pid: number): number[] {
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
      .split(/\s+/)
      .filter(Boolean)
      .map(Number)
  } catch {
    // ps fails if there are none.
    return []
  }
}

export const findProgram = (...paths: string[]) => paths.find((path) => existsSync(path))

/** The number of open files and sockets of a process. */
export const openFiles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length

/** The number of threads with a lower priority than the process. */
export const lowPriorityThreads = (pid: number) => threadsOf(pid).filter(({ isLower }) => isLower).length

/** The CPU time so far of the threads that have the priority of the process, in milliseconds. */
export const threadTime = (pid: number) =>
  threadsOf(pid)
    .filter(({ isLower }) => !isLower)
    .reduce((sum, { path }) => sum + Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0)

/** The threads of a process, and whether they have a lower priority than it. */
function threadsOf(pid: number): { path: string; isLower: boolean }[] {
  const niceOf = (path: string) => Number(readFileSync(`${path}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[16])
  const own = niceOf(`/proc/${pid}`)
  const paths = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`)
  return paths.map((path) => ({ path, isLower: niceOf(path) > own }))
}

/** The resident memory of a process, or its peak with VmHWM, in bytes (proc(5)). 0 after its end. */
export function residentMemory(pid: number, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  } catch {
    return 0
  }
}

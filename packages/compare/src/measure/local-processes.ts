import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** The kernel reports processor time in hundredths of a second (USER_HZ). */
const TICK = 10

const LISTENING = '0A'

/** Proxies of a container runtime: they are not part of the service. */
const RELAYS = ['docker-proxy', 'rootlessport']

/** The file system with information on processes (proc(5)). */
const PROC = '/proc'

/** The processor time and the parent of a process; undefined after its end. */
interface Status {
  name: string
  hasEnded: boolean
  parent: number
  group: number
  /** Milliseconds. */
  cpu: number
}

export const isLocal = ({ hostname }: URL) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

/**
 * The processes behind a port of this machine: those that hold the listening socket, and all their descendants. None
 * where there is no /proc, or the server is elsewhere, in a container, or another user's.
 */
export function processesBehind(url: URL, proc = PROC): number[] {
  if (!isLocal(url)) return []
  const sockets = listeningSockets(Number(url.port || 80), proc)
  const all = processes(proc)
  const holders = all.filter(({ pid }) => holdsOne(pid, sockets, proc))
  if (holders.some(({ name = '' }) => RELAYS.includes(name))) return []
  const found = new Set(holders.map(({ pid }) => pid))
  for (let before = -1; before < found.size; ) {
    before = found.size
    for (const { pid, parent } of all) if (parent !== undefined && found.has(parent)) found.add(pid)
  }
  return [...found]
}

/** Whether all remaining processes of a group are zombies, which wait for their parents. */
export function hasEnded(group: number, proc = PROC): boolean {
  const members = processes(proc).filter((each) => each.group === group)
  return members.length > 0 && members.every(({ hasEnded }) => hasEnded)
}

/** The processor time that they have used so far, in milliseconds. */
export const cpuTime = (pids: number[], proc = PROC) =>
  pids.reduce((sum, pid) => sum + (statusOf(pid, proc)?.cpu ?? 0), 0)

/** The memory that they use, in megabytes; shared pages count proportionally (PSS). */
export function memoryOf(pids: number[], proc = PROC): number | null {
  const kilobytes = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(read(`${proc}/${pid}/smaps_rollup`))?.[1] ?? 0))
  const sum = kilobytes.reduce((sum, each) => sum + each, 0)
  return sum > 0 ? sum / 1024 : null
}

/** How much of the machine programs other than these take: a share of all processors, from the call on. */
export function watchOthers(pids: number[], proc = PROC): () => number | null {
  const used = () => cpuTime([...pids, process.pid], proc)
  const [start, busy, theirs] = [performance.now(), busyTime(proc), used()]
  return () => {
    const others = busyTime(proc) - busy - (used() - theirs)
    const share = others / ((performance.now() - start) * availableParallelism())
    return Number.isNaN(share) ? null : Math.max(0, share)
  }
}

/** The processor time of the whole machine so far, in milliseconds of all processors. */
function busyTime(proc: string): number {
  const fields = read(`${proc}/stat`).split('\n', 1).join().trim().split(/\s+/).slice(1).map(Number)
  const [user = Number.NaN, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0] = fields
  return (user + nice + system + interrupts + softInterrupts) * TICK
}

function listeningSockets(port: number, proc: string): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = ['tcp', 'tcp6'].flatMap((file) => read(`${proc}/net/${file}`).split('\n').slice(1))
  const rows = lines.map((line) => line.trim().split(/\s+/))
  const listening = rows.filter(([, local, , state]) => state === LISTENING && local?.endsWith(suffix))
  return new Set(listening.map((row) => `socket:[${row[9]}]`))
}

function holdsOne(pid: number, sockets: Set<string>, proc: string): boolean {
  const folder = `${proc}/${pid}/fd`
  return list(folder).some((descriptor) => {
    try {
      return sockets.has(readlinkSync(`${folder}/${descriptor}`))
    } catch {
      // It was closed meanwhile.
      return false
    }
  })
}

const processes = (proc: string) =>
  list(proc)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), ...statusOf(Number(name), proc) }))

function statusOf(pid: number, proc: string): Status | undefined {
  // The name of the program, in brackets, may hold anything.
  const [, name = '', rest = ''] = /\((.*)\) (.*)/s.exec(read(`${proc}/${pid}/stat`)) ?? []
  if (rest === '') return undefined
  const fields = rest.split(' ').map(Number)
  // Includes children that have ended.
  const cpu = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) * TICK
  const [, parent, group] = fields as [number, number, number]
  return { name, hasEnded: rest.startsWith('Z'), parent, group, cpu }
}

/** Nothing where it is not there, not there any more, or not for us. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

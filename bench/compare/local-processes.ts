import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** The kernel counts processor time for programs in hundredths of a second, whatever it counts in itself. */
const TICK = 10

const LISTENING = '0A'

/** What a process has used and whose child it is; undefined once it is gone. */
interface Status {
  parent: number
  /** Milliseconds. */
  cpu: number
}

export const isLocal = ({ hostname }: URL) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

/**
 * The processes behind a port of this machine: those that hold the listening socket, and all their descendants. None
 * where there is no /proc, or the server is elsewhere, or another user's.
 */
export function processesBehind(url: URL): number[] {
  if (!isLocal(url)) return []
  const sockets = listeningSockets(Number(url.port || (url.protocol === 'https:' ? 443 : 80)))
  const all = processes()
  const found = new Set(all.filter((pid) => holdsOne(pid, sockets)))
  const parents = all.map((pid) => [pid, statusOf(pid)?.parent] as const)
  for (let before = -1; before < found.size; ) {
    before = found.size
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid)
  }
  return [...found]
}

/** What they have used of the processors so far, in milliseconds. */
export const cpuTime = (pids: number[]) => pids.reduce((sum, pid) => sum + (statusOf(pid)?.cpu ?? 0), 0)

/** What they hold of the memory, in megabytes: pages that several share are shared out among them (PSS). */
export function memoryOf(pids: number[]): number | null {
  const kilobytes = pids.reduce((sum, pid) => sum + (numberIn(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m) ?? 0), 0)
  return kilobytes > 0 ? kilobytes / 1024 : null
}

/** How much of the machine has been in use so far, by whomever, in milliseconds of all processors together. */
export function busyTime(): number | undefined {
  const fields = read('/proc/stat')?.split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number)
  if (!fields) return undefined
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0] = fields
  return (user + nice + system + interrupts + softInterrupts) * TICK
}

/** How much of the machine programs other than these take: a share of all processors, from the call on. */
export function watchOthers(pids: number[]): () => number | null {
  const used = () => cpuTime([...pids, process.pid])
  const [start, busy, theirs] = [performance.now(), busyTime(), used()]
  return () => {
    const now = busyTime()
    if (busy === undefined || now === undefined) return null
    const others = now - busy - (used() - theirs)
    return Math.max(0, others / ((performance.now() - start) * availableParallelism()))
  }
}

function listeningSockets(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => read(file)?.split('\n').slice(1) ?? [])
  const rows = lines.map((line) => line.trim().split(/\s+/))
  const listening = rows.filter(([, local, , state]) => state === LISTENING && local?.endsWith(suffix))
  return new Set(listening.map((row) => `socket:[${row[9]}]`))
}

function holdsOne(pid: number, sockets: Set<string>): boolean {
  const folder = `/proc/${pid}/fd`
  return list(folder).some((descriptor) => {
    try {
      return sockets.has(readlinkSync(`${folder}/${descriptor}`))
    } catch {
      // It was closed meanwhile.
      return false
    }
  })
}

const processes = () =>
  list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

function statusOf(pid: number): Status | undefined {
  // The name of the program, in brackets, may hold anything.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ').map(Number)
  if (!fields) return undefined
  // What children that have ended used counts too.
  const cpu = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) * TICK
  return { parent: fields[1] as number, cpu }
}

function numberIn(file: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(read(file) ?? '')
  return found ? Number(found[1]) : undefined
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import {
  cpuTime,
  hasEnded,
  isLocal,
  memoryOf,
  processesBehind,
  watchOthers
} from '../../src/measure/local-processes.ts'
import { serve } from '../services.ts'

test('what is on this machine', (t) => {
  const cases = [
    ['http://127.0.0.1:1', true],
    ['http://127.9.9.9:1', true],
    ['http://localhost:1', true],
    ['http://[::1]:1', true],
    ['http://192.0.2.1:1', false],
    ['http://127.0.0.1.example.com', false]
  ] as const
  for (const [url, local] of cases) t.equal(isLocal(new URL(url)), local, url)
  t.end()
})

interface Process {
  name?: string
  state?: string
  parent?: number
  group?: number
  /** User and system time, its own and that of children that have ended, in hundredths of a second. */
  ticks?: number[]
  /** In kilobytes. */
  memory?: number
  /** What its descriptors are. */
  open?: string[]
}

/** A /proc with these processes, and sockets by local address, state and number. */
function procOf(t: Test, processes: Record<number, Process>, sockets: string[] = []): string {
  const proc = t.testdir({ net: { tcp: ['  sl  local_address', ...sockets].join('\n') }, uptime: '1' })
  for (const [
    pid,
    { name = 'node', state = 'S', parent = 1, group = 1, ticks = [0, 0, 0, 0], memory, open = [] }
  ] of Object.entries(processes)) {
    const folder = join(proc, pid)
    mkdirSync(join(folder, 'fd'), { recursive: true })
    const rest = [state, parent, group, ...Array.from({ length: 8 }, () => 0), ...ticks, 20, 0]
    writeFileSync(join(folder, 'stat'), `${pid} (${name}) ${rest.join(' ')}\n`)
    if (memory !== undefined) writeFileSync(join(folder, 'smaps_rollup'), `Rss: 99999 kB\nPss:   ${memory} kB\n`)
    for (const [index, target] of open.entries()) symlinkSync(target, join(folder, 'fd', `${index}`))
  }
  return proc
}

const row = (address: string, state: string, inode: number) =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`

test('the processes behind a port are those that listen, and all that descends from them', (t) => {
  const processes = {
    10: { name: 'a (b) c', open: ['/dev/null', 'socket:[77]'] },
    12: { parent: 13 },
    13: { parent: 10, open: ['socket:[78]'] },
    20: { open: ['socket:[79]'] }
  }
  const sockets = [row('0100007F:1F90', '0A', 77), row('0100007F:1F90', '01', 79), row('00000000:0050', '0A', 79)]
  const proc = procOf(t, processes, sockets)
  writeFileSync(join(proc, '20', 'fd', 'closed'), 'and so no link any more')
  mkdirSync(join(proc, '40'))
  const cases = [
    ['http://127.0.0.1:8080', [10, 13, 12]],
    ['http://localhost', [20]],
    ['http://127.0.0.1:9090', []],
    ['http://192.0.2.1:8080', []]
  ] as const
  for (const [url, pids] of cases) t.strictSame(processesBehind(new URL(url), proc), pids, url)
  t.end()
})

test('behind the port of a container there is nothing to be seen', (t) => {
  const proc = procOf(t, { 10: { name: 'docker-proxy', open: ['socket:[77]'] } }, [row('00000000:1F90', '0A', 77)])
  t.strictSame(processesBehind(new URL('http://127.0.0.1:8080'), proc), [])
  t.end()
})

test('a group has ended when all of it has', (t) => {
  const ended = { state: 'Z', group: 10 }
  const proc = procOf(t, { 10: ended, 11: ended, 12: { group: 12 }, 13: { state: 'Z', group: 12 } })
  t.strictSame(
    [10, 12, 14].map((group) => hasEnded(group, proc)),
    [true, false, false]
  )
  t.end()
})

test('what they use is added up', (t) => {
  const proc = procOf(t, {
    10: { ticks: [1, 2, 3, 4], memory: 1536 },
    11: { ticks: [10, 0, 0, 0], memory: 512 },
    12: {}
  })
  t.equal(cpuTime([10, 11, 12, 13], proc), 200)
  t.equal(memoryOf([10, 11, 12, 13], proc), 2)
  t.equal(cpuTime([13], proc), 0)
  t.equal(memoryOf([12, 13], proc), null)
  t.end()
})

test('what others use is what neither they nor we do', (t) => {
  const using = (own: number, all: number) => {
    const proc = procOf(t, { [process.pid]: { ticks: [own, 0, 0, 0] }, 10: { ticks: [own, 0, 0, 0] } })
    writeFileSync(join(proc, 'stat'), `cpu  ${all} 0 0 900 900 0 0 0 0 0\ncpu0 1 2 3\n`)
    return proc
  }
  const proc = using(100, 1000)
  const watched = watchOthers([10], proc)
  using(200, 1200)
  t.equal(watched(), 0, 'all of it was ours')
  using(200, 1300)
  t.ok(Number(watched()) > 0)
  t.equal(watchOthers([10], t.testdir({}))(), null, 'where it cannot be known')
  t.end()
})

test('of this machine as it is', async (t) => {
  const isKnown = existsSync('/proc/net/tcp')
  const url = await serve(t, () => {})
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill())
  await once(child, 'spawn')
  const pids = processesBehind(url)
  t.strictSame([pids.includes(process.pid), pids.includes(Number(child.pid))], [isKnown, isKnown])
  t.equal(cpuTime(pids) > 0, isKnown)
  t.equal(Number(memoryOf(pids)) > 10, isKnown)
  t.equal(watchOthers(pids)() !== null, isKnown)
  t.strictSame(processesBehind(url, join(t.testdirName, 'none')), [])
})

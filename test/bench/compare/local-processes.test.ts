import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { cpuTime, isLocal, memoryOf, processesBehind, watchOthers } from '../../../bench/compare/local-processes.ts'

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
  t.strictSame(processesBehind(new URL('http://192.0.2.1:1')), [])
  t.end()
})

test('the processes behind a port, children included', {
  skip: !existsSync('/proc/net/tcp') && 'there is no /proc'
}, async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill())
  await once(child, 'spawn')
  const pids = processesBehind(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  t.ok(pids.includes(process.pid))
  t.ok(pids.includes(Number(child.pid)))
  t.ok(cpuTime(pids) > 0)
  t.ok(Number(memoryOf(pids)) > 10)
  t.ok(Number(watchOthers(pids)()) >= 0)
})

test('of a process that is gone there is nothing to tell', (t) => {
  t.equal(cpuTime([2 ** 30]), 0)
  t.equal(memoryOf([2 ** 30]), null)
  t.end()
})

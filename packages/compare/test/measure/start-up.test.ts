import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { TargetError } from '@latchkey/contract/check-contract'
import { type Test, test } from 'tap'
import { answers, start } from '../../src/measure/start-up.ts'
import { hollow, NOWHERE, nobodyYet, serve } from '../services.ts'

/** A program for a shell that listens there. */
const listening = ({ port }: URL, first = '') =>
  `NODE_OPTIONS= '${process.execPath}' -e "${first}require('http').createServer((_, response) => response.end()).listen(${port}, '127.0.0.1')"`

/** A directory for temporary files of this test. */
function temporary(t: Test): string {
  const before = process.env.TMPDIR
  t.teardown(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
  process.env.TMPDIR = t.testdir({})
  return process.env.TMPDIR
}

test('whatever it says, it answers', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' }).end('no JSON')
  })
  t.equal(await answers(url), true)
  t.equal(await answers(NOWHERE), false)
})

test('what is started answers, and is gone with all that it started once it is stopped', async (t) => {
  const folder = temporary(t)
  const url = await nobodyYet()
  t.equal(await answers(url), false)
  // The shell ends at once when it is told to; the server that it started takes its time.
  const marker = join(folder, 'ended')
  const first = `process.on('SIGTERM', () => { require('fs').writeFileSync('${marker}', ''); process.exit() });`
  const { ms, stop } = await start('ours', `${listening(url, first)} & wait`, url)
  t.ok(ms > 0)
  t.equal(await answers(url), true)
  await stop()
  t.equal(await answers(url), false)
  t.strictSame(readdirSync(folder), ['ended'], 'it could end by itself, and nothing else is left')
})

test('what is started gets variables of its own', async (t) => {
  temporary(t)
  const url = await nobodyYet()
  const environment = { GREETING: 'hello' }
  await t.rejects(start('ours', 'echo "$GREETING"; exit 3', url, { environment }), { message: /it said:\nhello\n$/ })
})

test('what does not end when it is told to is killed', async (t) => {
  const url = await nobodyYet()
  const command = listening(url, "process.on('SIGTERM', () => {});")
  const { stop } = await start('ours', command, url, { stopping: 0 })
  await stop()
  t.equal(await answers(url), false)
})

test('what does not start is told', async (t) => {
  const folder = temporary(t)
  const url = await nobodyYet()
  const cases = [
    ['echo no such thing; exit 3', undefined, 'it ended with 3; it said:\nno such thing\n'],
    ['kill -KILL $$', undefined, 'it ended with SIGKILL; it said:\n'],
    ['sleep 60', { starting: 0 }, `nothing answers at ${url.origin} after 0 ms; it said:\n`]
  ] as const
  for (const [command, timeouts, said] of cases) {
    await t.rejects(start('ours', command, url, timeouts), {
      constructor: TargetError,
      message: `ours: ${command}\n${said}`
    })
  }
  t.strictSame(readdirSync(folder), [])
})

test('what answers though it was stopped was not started so', async (t) => {
  const url = await serve(t, hollow)
  const { stop } = await start('ours', 'exec sleep 60', url, { closing: 0 })
  await t.rejects(stop(), {
    constructor: TargetError,
    message: `ours: exec sleep 60\nsomething still answers at ${url.origin} though it was stopped`
  })
})

import { PassThrough } from 'node:stream'
import { mock } from 'node:test'
import { test } from 'tap'
import { showProgress } from '../../../src/cli/progress.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'

function terminal(isTTY: boolean, environment: NodeJS.ProcessEnv = {}) {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  return { stdin, stdout: new PassThrough(), stderr, environment } satisfies Terminal
}

test('progress', async (t) => {
  await t.test('changes one line of a terminal', async (t) => {
    const given = terminal(true)
    const progress = showProgress(given)
    progress.show('1 of 2')
    progress.show('2 of 2')
    progress.end()
    t.equal(given.stderr.read(), '\r1 of 2\u001b[K\r2 of 2\u001b[K\n')
  })

  await t.test('is a line every ten seconds elsewhere', async (t) => {
    let now = 0
    const mocked = mock.method(performance, 'now', () => now)
    t.teardown(() => mocked.mock.restore())
    const given = terminal(false)
    const progress = showProgress(given)
    for (now of [0, 1, 9_999, 10_000, 19_999]) progress.show(`at ${now}`)
    progress.end()
    t.equal(given.stderr.read(), 'at 0\nat 10000\n')
  })
})

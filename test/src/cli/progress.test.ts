import { PassThrough } from 'node:stream'
import { test } from 'tap'
import { createProgress } from '../../../src/cli/progress.ts'

/** Progress on a terminal with a clock that the test moves. */
function begin(stream: { isTTY?: boolean; columns?: number }) {
  const stderr = Object.assign(new PassThrough({ encoding: 'utf8' }), stream)
  const time = { now: 0 }
  return { stderr, time, progress: createProgress({ stderr }, () => time.now) }
}

test('progress', async (t) => {
  await t.test('is one line of a terminal, which is replaced and removed', async (t) => {
    const { stderr, time, progress } = begin({ isTTY: true, columns: 40 })
    progress.clear()
    t.equal(stderr.read(), null, 'nothing is removed before there is anything')
    progress.show('9 rows left')
    time.now = 200
    progress.show('done')
    t.equal(stderr.read(), '\r9 rows left\rdone       ')
    progress.clear()
    progress.clear()
    t.equal(stderr.read(), '\r    \r')
  })

  await t.test('is shown five times a second at most', async (t) => {
    const { stderr, time, progress } = begin({ isTTY: true })
    for (time.now of [0, 1, 199, 200, 399, 401]) progress.show(`at ${time.now}`)
    t.equal(stderr.read(), '\rat 0\rat 200\rat 401')
  })

  await t.test('is cut at the width of the terminal, which may change', async (t) => {
    const { stderr, time, progress } = begin({ isTTY: true, columns: 11 })
    progress.show('123456789012')
    stderr.columns = 6
    time.now = 200
    progress.show('ab')
    stderr.columns = 0
    time.now = 400
    progress.show('x'.repeat(100))
    progress.clear()
    t.equal(stderr.read(), `\r1234567890\rab   \r${'x'.repeat(79)}\r${' '.repeat(79)}\r`)
  })

  await t.test('is nothing elsewhere', async (t) => {
    const { stderr, progress } = begin({})
    progress.show('1 row')
    progress.clear()
    t.equal(stderr.read(), null)
  })
})

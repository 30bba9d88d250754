import { test } from 'tap'
import { bar, duration, showProgress } from '../../src/report/progress.ts'

/** A stream that records its output, and a clock that the test sets. */
function recorder(stream: { isTTY?: boolean; columns?: number }) {
  const written: string[] = []
  const clock = { ms: 0 }
  const progress = showProgress({ ...stream, write: (text) => written.push(text) }, () => clock.ms)
  return { written, clock, ...progress }
}

test('on a terminal one line is written over, and gone at the end', (t) => {
  const { written, clock, show, end } = recorder({ isTTY: true, columns: 100 })
  show('starting', 0)
  clock.ms = 10_000
  show('round 1', 0.25)
  show('over', 1.5)
  end()
  t.strictSame(written, [
    '\r\x1b[K░░░░░░░░░░░░░░░░░░░░ starting',
    '\r\x1b[K█████░░░░░░░░░░░░░░░ round 1, 30 s left',
    '\r\x1b[K████████████████████ over, 0 s left',
    '\r\x1b[K'
  ])
  t.end()
})

test('no line is longer than the terminal is wide', (t) => {
  for (const [columns, length] of [
    [30, 29],
    [0, 79],
    [undefined, 79]
  ] as const) {
    const { written, show } = recorder({ isTTY: true, ...(columns !== undefined && { columns }) })
    show('x'.repeat(200), 0)
    t.equal(written[0]?.replace('\r\x1b[K', '').length, length, `${columns} columns`)
  }
  t.end()
})

test('elsewhere each thing is a line, once', (t) => {
  const { written, show, end } = recorder({})
  show('one', 0)
  show('one', 0.5)
  show('two', 0.75)
  end()
  t.strictSame(written, ['one\n', 'two\n'])
  t.end()
})

test('without a stream it is told beside the result', (t) => {
  const written = t.capture(process.stderr, 'write', () => true)
  const isTTY = process.stderr.isTTY
  t.teardown(() => Object.assign(process.stderr, { isTTY }))
  process.stderr.isTTY = true
  const progress = showProgress()
  progress.show('one', 0.5)
  progress.end()
  t.match(
    written().map(({ args: [text] }) => text),
    ['\r\x1b[K██████████░░░░░░░░░░ one, 0 s left', '\r\x1b[K']
  )
  t.end()
})

test('how far it is', (t) => {
  t.equal(bar(0.5), '██████████░░░░░░░░░░')
  t.equal(bar(2), '█'.repeat(20))
  t.equal(duration(40_000), '40 s')
  t.equal(duration(250_000), '4 min')
  t.end()
})

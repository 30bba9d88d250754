import { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'
import { test } from 'tap'
import { createRequestLogger } from '../../../src/observability/lazy-logger.ts'

/** A logger whose lines are kept, and how many children it was asked for. */
function parent(level = 'trace') {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    }
  })
  const logger = pino({ level, base: null, timestamp: false }, stream)
  let children = 0
  const { child } = logger
  logger.child = function (this: Logger, ...given: Parameters<typeof child>) {
    children += 1
    return child.apply(this, given)
  } as Logger['child']
  return { logger, lines, children: () => children }
}

test('a logger of a request', async (t) => {
  await t.test('is not made while nothing is said', async (t) => {
    const { logger, children } = parent()
    createRequestLogger(logger, { reqId: 'a' }, {})
    t.equal(children(), 0)
  })

  await t.test('is made once, and says what it is told as a child of its parent does', async (t) => {
    const { logger, lines, children } = parent()
    const own = createRequestLogger(logger, { reqId: 'a' }, {})
    for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const) {
      own[level]({ some: 'thing' }, 'said %s', level)
    }
    t.strictSame(
      lines,
      [60, 50, 40, 30, 20, 10].map((level, index) => ({
        level,
        reqId: 'a',
        some: 'thing',
        msg: `said ${['fatal', 'error', 'warn', 'info', 'debug', 'trace'][index]}`
      }))
    )
    t.equal(children(), 1)
  })

  await t.test('has the level of its options, and children of its own', async (t) => {
    const { logger, lines } = parent('info')
    const own = createRequestLogger(logger, { reqId: 'a' }, { level: 'warn' })
    t.strictSame([own.level, own.isLevelEnabled('warn'), own.isLevelEnabled('info')], ['warn', true, false])
    own.child({ part: 'b' }).warn('told')
    t.strictSame(lines, [{ level: 40, reqId: 'a', part: 'b', msg: 'told' }])
  })
})

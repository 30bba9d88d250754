import { test } from 'tap'
import { build, cutOff, signIn, testClock } from '../helper.ts'
import { letters } from '../letters.ts'

test('tokens of mails are purged now and then', async (t) => {
  const { setInterval: original } = globalThis
  const timers: { work: () => Promise<unknown>; time: number | undefined }[] = []
  globalThis.setInterval = ((work: () => Promise<unknown>, time?: number) => {
    timers.push({ work, time })
    return original(() => {}, 1e9)
  }) as never
  t.teardown(() => {
    globalThis.setInterval = original
  })
  const log: string[] = []
  const clock = testClock()
  const fastify = await build(t, { clock, log })
  globalThis.setInterval = original
  const purge = timers.find(({ time }) => time === 600_000)?.work as () => Promise<unknown>
  await signIn(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  clock.advance(3 * 24 * 60 * 60)
  await purge()
  t.strictSame(await fastify.openDatabase().query('SELECT * FROM email_tokens'), [])
  const restore = cutOff(fastify)
  await purge()
  restore()
  t.match(log.join('\n'), 'could not purge email tokens')
})

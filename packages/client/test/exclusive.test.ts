import { test } from 'tap'
import { createExclusive } from '../src/exclusive.ts'
import { createBrowser } from './browser.ts'

test('runs one after the other, in one tab and in several', async (t) => {
  const { platform } = createBrowser()
  for (const locks of [platform.locks, undefined]) {
    const tab = createExclusive('a name', { ...platform, locks })
    const other = locks ? createExclusive('a name', { ...platform, locks }) : tab
    const order: string[] = []
    const work = (name: string) => async () => {
      order.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`${name} ends`)
      return name
    }
    t.strictSame(await Promise.all([tab(work('a')), other(work('b')), tab(work('c'))]), ['a', 'b', 'c'])
    t.strictSame(
      order.filter((_, index) => index % 2 === 0).map((each) => each[0]),
      order.filter((_, index) => index % 2 === 1).map((each) => each[0])
    )
  }
})

test('work that fails is run once, and does not keep the next from running', async (t) => {
  const { platform } = createBrowser()
  const exclusive = createExclusive('a name', platform)
  let runs = 0
  const failing = exclusive(async () => {
    runs += 1
    throw new Error('failed')
  })
  await t.rejects(failing, { message: 'failed' })
  t.equal(await exclusive(async () => runs), 1)
})

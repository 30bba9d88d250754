import { test } from 'tap'
import { settledWithin } from '../../../src/concurrency/settled-within.ts'
import { holdMoments } from '../../helpers/too-long.ts'

test('work holds up others', async (t) => {
  const moment = holdMoments(t)
  const order: string[] = []
  const others = (work: Promise<unknown>) => settledWithin(work).then(() => order.push('others'))

  await t.test('until it is over', async (t) => {
    let end = () => {}
    const work = new Promise<void>((resolve) => {
      end = resolve
    }).then(() => order.push('work'))
    const going = others(work)
    await new Promise(setImmediate)
    t.strictSame(order.splice(0), [])
    end()
    await going
    t.strictSame(order.splice(0), ['work', 'others'])
  })

  await t.test('until it has failed, which is for those who asked for it', async (t) => {
    await others(Promise.reject(new Error('for somebody else')))
    t.strictSame(order.splice(0), ['others'])
  })

  await t.test('for a moment at most', async (t) => {
    const going = others(new Promise(() => {}))
    await new Promise(setImmediate)
    t.strictSame(order.splice(0), [])
    moment()
    await going
    t.strictSame(order.splice(0), ['others'])
  })
})

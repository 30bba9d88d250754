import { test } from 'tap'
import { endAll, endingWith } from '../../src/measure/ending.ts'

const faulty = (message: string) => () => Promise.reject(new Error(message))

test('the end comes after the work, however that went', async (t) => {
  const told: string[] = []
  const work = async () => {
    await Promise.resolve()
    told.push('work')
    return 5
  }
  t.equal(await endingWith(work, () => told.push('end')), 5)
  const ended = endingWith(faulty('the work'), () => told.push('end of what failed'))
  await t.rejects(ended, { message: 'the work' })
  t.strictSame(told, ['work', 'end', 'end of what failed'])
})

test('a fault of the end hides none of the work, and is told otherwise', async (t) => {
  const thrown = () => {
    throw new Error('the end')
  }
  for (const end of [faulty('the end'), thrown]) {
    await t.rejects(endingWith(faulty('the work'), end), { message: 'the work' })
    await t.rejects(
      endingWith(async () => 5, end),
      { message: 'the end' }
    )
  }
})

test('all are ended, whatever becomes of one', async (t) => {
  const told: string[] = []
  const late = async () => {
    await Promise.resolve()
    told.push('late')
  }
  await t.rejects(endAll([() => told.push('first'), faulty('one'), faulty('other'), late]), { message: 'one' })
  t.strictSame(told, ['first', 'late'])
  await endAll([late])
})

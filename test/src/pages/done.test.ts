import { test } from 'tap'
import { describeDone } from '../../../src/pages/done.ts'
import { pageContext } from '../../helpers/page.ts'

test('only what is on the list is said to have been done', async (t) => {
  const rows: [done: unknown, text: string | undefined][] = [
    ['session', 'The session has ended.'],
    [['session'], undefined],
    [['session', 'session'], undefined],
    ['', undefined],
    [undefined, undefined],
    ['SESSION', undefined],
    ['session ', undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
    ['<b>', undefined]
  ]
  for (const [done, text] of rows) t.equal(describeDone(pageContext(), { done }), text, String(done))
})

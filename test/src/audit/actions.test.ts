import { test } from 'tap'
import { shownAction, shownDetail } from '../../../src/audit/actions.ts'
import { ACTIONS } from '../../../src/schemas/admin/actions.ts'

test('records of earlier versions are shown with the current names of their actions', async (t) => {
  t.equal(shownAction('login held off'), 'login throttled')
  for (const action of ACTIONS) t.equal(shownAction(action), action)
})

test('records of earlier versions are shown with the current reason', async (t) => {
  const stored = { reason: 'address before restored', count: 1 }
  t.strictSame(shownDetail(stored), { reason: 'previous address restored', count: 1 })
  for (const detail of [null, {}, { reason: 'account deleted' }]) t.equal(shownDetail(detail), detail)
})

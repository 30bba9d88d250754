import { test } from 'tap'
import { ACTIONS, type Action, shownAction, shownDetail, storedActions } from '../../../src/audit/actions.ts'

test('records of earlier versions are shown with the current names of their actions', async (t) => {
  t.equal(shownAction('login held off'), 'login throttled')
  for (const action of ACTIONS) t.equal(shownAction(action), action)
})

test('records of earlier versions are shown with the current reason', async (t) => {
  const stored = { reason: 'address before restored', count: 1 }
  t.strictSame(shownDetail(stored), { reason: 'previous address restored', count: 1 })
  for (const detail of [null, {}, { reason: 'account deleted' }]) t.equal(shownDetail(detail), detail)
})

test('an action is found under each of its stored names', async (t) => {
  const cases: [Action, string[]][] = [
    ['login throttled', ['login throttled', 'login held off']],
    ['login', ['login', 'login']]
  ]
  for (const [action, stored] of cases) t.strictSame(storedActions(action), stored)
})

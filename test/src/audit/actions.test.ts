import { test } from 'tap'
import { ACTIONS, type Action, shownAction, storedActions } from '../../../src/audit/actions.ts'

test('records of earlier versions are shown with the current names of their actions', async (t) => {
  t.equal(shownAction('login held off'), 'login throttled')
  for (const action of ACTIONS) t.equal(shownAction(action), action)
})

test('an action is found under each of its stored names', async (t) => {
  const cases: [Action, string[]][] = [
    ['login throttled', ['login throttled', 'login held off']],
    ['login', ['login', 'login']]
  ]
  for (const [action, stored] of cases) t.strictSame(storedActions(action), stored)
})

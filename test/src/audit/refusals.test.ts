import { test } from 'tap'
import { refusedChange } from '../../../src/audit/refusals.ts'
import { Problem } from '../../../src/errors.ts'

test('refusals by a rule of roles are recorded, and no other errors', async (t) => {
  t.equal(refusedChange(new Problem('ROLE_PROTECTED')), 'protected role')
  t.equal(refusedChange(new Problem('LAST_ADMIN')), 'last admin')
  for (const error of [new Problem('FORBIDDEN'), new Error('LAST_ADMIN'), undefined])
    t.equal(refusedChange(error), undefined)
})

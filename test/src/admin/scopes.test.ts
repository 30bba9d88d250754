import { test } from 'tap'
import { operatorOf, SCOPES, scopeChallenge } from '../../../src/admin/scopes.ts'

test('the operator of an account, by its roles', (t) => {
  const support = ['users:read', 'users:help', 'audit:read']
  const table: [roles: string[], isAdmin: boolean | undefined, scopes: string[]][] = [
    [[], undefined, []],
    [['editor', 'administrator', 'Admin'], undefined, []],
    [['support'], false, support],
    [['editor', 'support'], false, support],
    [['admin'], true, Object.keys(SCOPES)],
    [['admin', 'support'], true, Object.keys(SCOPES)]
  ]
  for (const [roles, isAdmin, scopes] of table) {
    const expected = isAdmin === undefined ? undefined : { id: 'ada', actor: 'admin', isAdmin, scopes }
    t.strictSame(operatorOf({ id: 'ada', roles }), expected, roles.join())
  }
  t.end()
})

test('the challenge names the missing scope', (t) => {
  t.equal(scopeChallenge(), 'Bearer error="insufficient_scope"')
  t.equal(scopeChallenge('users:read'), 'Bearer error="insufficient_scope", scope="users:read"')
  t.end()
})

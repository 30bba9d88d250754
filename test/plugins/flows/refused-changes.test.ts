import type { FastifyRequest } from 'fastify'
import { test } from 'tap'
import { createRefusedChanges } from '../../../plugins/flows/refused-changes.ts'
import { Problem } from '../../../src/errors.ts'

test('refused changes are recorded once a minute for each account and route', (t) => {
  let now = 0
  const recorded: unknown[] = []
  const record = createRefusedChanges(() => now)
  const refuse = (method: string, url: string, account: string, error: unknown = new Problem('LAST_ADMIN')) => {
    const request = { method, routeOptions: { url }, record: (...given: unknown[]) => recorded.push(given) }
    record(request as unknown as FastifyRequest, error, { account, session: 'of it' })
    return recorded.splice(0)
  }
  const entry = (account: string, route: string, reason = 'last admin') => [
    ['admin refused', { account, session: 'of it', detail: { reason, route } }]
  ]

  t.strictSame(refuse('DELETE', '/me', 'ada'), entry('ada', 'DELETE /me'))
  t.strictSame(refuse('DELETE', '/me', 'ada'), [], 'not again')
  t.strictSame(refuse('DELETE', '/me', 'eve'), entry('eve', 'DELETE /me'), 'another account')
  const other = new Problem('ROLE_PROTECTED')
  t.strictSame(refuse('PATCH', '/me', 'ada', other), entry('ada', 'PATCH /me', 'protected role'), 'another route')
  for (const error of [new Problem('FORBIDDEN'), new Error('LAST_ADMIN'), undefined]) {
    t.strictSame(refuse('POST', '/x', 'ada', error ?? null), [], 'no refusal by a rule of roles')
  }
  now += 59_999
  t.strictSame(refuse('DELETE', '/me', 'ada'), [])
  now += 1
  t.strictSame(refuse('DELETE', '/me', 'ada'), entry('ada', 'DELETE /me'), 'a minute later')
  t.end()
})

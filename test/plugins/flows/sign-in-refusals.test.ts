import type { FastifyRequest } from 'fastify'
import { test } from 'tap'
import { changedMeanwhile, refuse, refuseStep } from '../../../plugins/flows/sign-in-refusals.ts'
import type { Problem } from '../../../src/errors.ts'

test('refusals of a sign-in, each with its record', (t) => {
  const records: unknown[] = []
  const request = { record: (...record: unknown[]) => records.push(record) } as unknown as FastifyRequest
  const ada = { id: 'ada' }
  const meanwhile = { account: 'ada', detail: { reason: 'account changed meanwhile' } }
  const table: [problem: Problem, code: string, record: unknown][] = [
    [
      refuse(request, ada, 'wrong password'),
      'INVALID_CREDENTIALS',
      ['login failed', { account: 'ada', detail: { reason: 'wrong password' } }]
    ],
    [
      refuse(request, undefined, 'x', 'EMAIL_UNVERIFIED'),
      'EMAIL_UNVERIFIED',
      ['login failed', { account: undefined, detail: { reason: 'x' } }]
    ],
    [changedMeanwhile(request, ada, ['pwd']), 'INVALID_CREDENTIALS', ['login failed', meanwhile]],
    [changedMeanwhile(request, ada, ['fed']), 'INVALID_CREDENTIALS', ['federated login failed', meanwhile]],
    [
      refuseStep(request, ada),
      'MFA_TOKEN_INVALID',
      ['second factor failed', { account: 'ada', detail: { reason: 'token invalid' } }]
    ]
  ]
  for (const [index, [problem, code, record]] of table.entries()) {
    t.equal(problem.code, code)
    t.strictSame(records[index], record)
    t.notMatch(problem.message, 'meanwhile', 'the reason is in the record alone')
  }
  t.end()
})

import { test } from 'tap'
import { openTarget, TargetError } from '../../src/target.ts'
import { serve } from './serve.ts'

test('a service that does not answer in time is no target', async (t) => {
  const { origin } = await serve(t, () => {})
  await t.rejects(openTarget(origin, '/secret', { first: 50, any: 50 }), {
    constructor: TargetError,
    message: `${origin} did not answer within 0.05 s`
  })
})

test('nor is one that stops answering later', async (t) => {
  let asked = 0
  const { origin } = await serve(t, (_request, response) => {
    asked += 1
    if (asked === 1) response.writeHead(401).end()
  })
  const { request, close } = await openTarget(origin, '/secret', { first: 5000, any: 50 })
  t.teardown(close)
  await t.rejects(request({ path: '/me' }), { message: `${origin} did not answer within 0.05 s` })
})

import { Type } from '@sinclair/typebox'
import { test } from 'tap'
import config from '../../../plugins/config.ts'
import openapi from '../../../plugins/schemas/openapi.ts'
import serializers from '../../../plugins/schemas/serializers.ts'
import { readConfig } from '../../../src/config/config.ts'
import { UserAnswer } from '../../../src/schemas/users.ts'
import { assemble } from '../../helpers/assemble.ts'

const USER = {
  id: '0198a3c2-7f00-7000-8000-000000000000',
  username: 'ada',
  email: null,
  email_verified: false,
  created_at: '2026-01-31T12:00:00.000Z'
}

test('an answer has what its schema names and nothing else, shared shape or not', async (t) => {
  const fastify = assemble(t, { plugins: [config, openapi, serializers], config: readConfig({}) })
  const own = Type.Object({ user: UserAnswer }, { additionalProperties: false })
  fastify.register(async (scope) => {
    scope.get('/one', { schema: { response: { 200: UserAnswer } } }, async () => ({ ...USER, password_hash: 'x' }))
    scope.get('/other', { schema: { response: { 200: UserAnswer } } }, async () => ({ ...USER, username: null }))
    scope.get('/own', { schema: { response: { 200: own } } }, async () => ({ user: { ...USER, more: 1 }, more: 1 }))
  })
  t.strictSame((await fastify.inject('/one')).json(), USER)
  t.strictSame((await fastify.inject('/other')).json(), { ...USER, username: null })
  t.strictSame((await fastify.inject('/own')).json(), { user: USER })
})

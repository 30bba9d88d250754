import Fastify, { type FastifyInstance } from 'fastify'
import { test } from 'tap'
import { decorateReply, decorateRequest } from '../../../plugins/http/own-property.ts'

/** Adds properties of each kind, and a route that reads them. */
function addOwn(fastify: FastifyInstance, insideAnother: boolean | undefined): void {
  decorateRequest(fastify, { insideAnother }, 'value', { value: 'own' })
  decorateRequest(fastify, { insideAnother }, 'unset', { value: undefined })
  decorateRequest(fastify, { insideAnother }, 'got', { get: ({ url }) => `got ${url}` })
  decorateReply(fastify, { insideAnother }, 'method', { value: () => 'own method' })
  decorateReply(fastify, { insideAnother }, 'name', { get: ({ statusCode }) => `got ${statusCode}` })
  fastify.get('/own', async (request, reply) => {
    const { value, unset = 'nothing', got } = request as unknown as Record<string, string>
    const { method, name } = reply as unknown as { method: () => string; name: string }
    Object.assign(request, { value: 'assigned' })
    return [value, unset, got, method(), name, Reflect.get(request, 'value')]
  })
}

const OWN = ['own', 'nothing', 'got /own', 'own method', 'got 200', 'assigned']

test('requests and replies have the properties', async (t) => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  addOwn(fastify as unknown as FastifyInstance, undefined)
  t.strictSame((await fastify.inject('/own')).json(), OWN)
})

test('also inside an application that has others of the same names', async (t) => {
  const host = Fastify()
  t.teardown(() => host.close())
  host.decorateRequest('value', null)
  host.decorateRequest('got', { getter: () => 'of the host' })
  host.decorateReply('method', null)
  host.decorateReply('name', { getter: () => 'of the host' })
  // Without a decorator.
  host.addHook('onRequest', async (request) => void Object.assign(request, { unset: 'of the host' }))
  host.get('/host', async (request) => [Reflect.get(request, 'value'), Reflect.get(request, 'got')])
  host.register(async (scope) => addOwn(scope as unknown as FastifyInstance, true))
  t.strictSame((await host.inject('/own')).json(), OWN)
  t.strictSame((await host.inject('/host')).json(), [null, 'of the host'])
})

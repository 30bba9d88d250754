import { test } from 'tap'
import { serverOptions } from '../../../src/transport/server-options.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

test('a request keeps a harmless id, and is given one otherwise', (t) => {
  const idOf = (headers: Record<string, string>) => serverOptions.genReqId({ headers } as never)
  t.equal(idOf({ 'x-request-id': 'trace-4711' }), 'trace-4711')
  t.match(idOf({ 'x-request-id': 'no!' }), UUID)
  t.match(idOf({}), UUID)
  t.end()
})

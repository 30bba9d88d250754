import type { FastifyRequest } from 'fastify'
import { test } from 'tap'
import { idOf, queryOf } from '../../../plugins/pages/query.ts'

const ID = '0198a3c2-7f00-7000-8000-000000000001'

test('the query of a URL is kept as it is', async (t) => {
  const rows: [url: string, query: string][] = [
    ['/pages/account', ''],
    ['/pages/account?', '?'],
    ['/pages/account?done=password', '?done=password'],
    ['/pages/step-up?return_to=/a?b=%2F', '?return_to=/a?b=%2F']
  ]
  for (const [url, query] of rows) t.equal(queryOf(url), query, url)
})

test('the id of a page is a UUID; anything else is not found', async (t) => {
  const idIn = (query: object) => idOf({ query } as FastifyRequest)
  t.equal(idIn({ id: ID, other: 'x' }), ID)
  for (const query of [{}, { id: '' }, { id: `${ID}x` }, { id: ` ${ID}` }, { id: [ID] }, { id: `${ID}\n` }]) {
    t.throws(() => idIn(query), { code: 'NOT_FOUND' }, JSON.stringify(query))
  }
})

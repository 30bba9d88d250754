import { test } from 'tap'
import { poll } from '../../src/measure/poller.ts'
import { serve } from '../services.ts'

test('it asks again whether the last one was answered or not, until it is told to stop', async (t) => {
  const over = new AbortController()
  const held: (() => void)[] = []
  const asked: string[] = []
  const url = await serve(t, ({ method, url, headers }, response) => {
    asked.push(`${method} ${url} ${headers.authorization}`)
    held.push(() => response.end())
    // None is answered before there are three.
    if (asked.length < 3) return
    over.abort()
    for (const answer of held.splice(0)) answer()
  })
  const answers = await poll(new URL('/secret', url), over.signal, { question: () => ({ token: 'good' }) })
  t.strictSame(
    answers.map(({ status }) => status),
    asked.map(() => 200)
  )
  t.strictSame([...new Set(asked)], ['GET /secret Bearer good'])
  t.ok(answers.every(({ ms }) => ms > 0))
})

test('a connection is used again', async (t) => {
  const over = new AbortController()
  const seen = new Set<unknown>()
  const url = await serve(t, ({ socket }, response) => {
    if (seen.has(socket)) over.abort()
    seen.add(socket)
    response.end()
  })
  const answers = await poll(url, over.signal, { every: 5 })
  t.equal(
    answers.some(({ reused }) => reused),
    true
  )
})

test('nobody is asked any more once it is over', async (t) => {
  t.strictSame(await poll(new URL('http://127.0.0.1:1'), AbortSignal.abort()), [])
})

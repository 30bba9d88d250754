import { test } from 'tap'
import { refused } from '../expectations.ts'
import { listen, parseAnswers, request } from './connection.ts'

const ID = 'an-id.of_the-Client.1'

/** Takes as long as the timeout of slow requests; tests them concurrently. */
test('A slow request is answered with 408 and the one error body', async (t) => {
  const service = await listen(t)
  const headers = service.connect()
  headers.send('GET /health/live HTTP/1.1\r\nhost: a\r\n')
  const body = service.connect()
  const half = ['content-type: application/json', 'content-length: 100', `x-request-id: ${ID}`]
  body.send(request('POST /login', half, '{'))
  const silent = service.connect()

  await t.test('when its headers do not come', async (t) => {
    const answers = parseAnswers(await headers.rest())
    t.equal(answers.length, 1)
    if (answers[0]) refused(t, answers[0], 408, 'MALFORMED_REQUEST')
  })

  await t.test('when its body does not come, with the id that it brought', async (t) => {
    const answers = parseAnswers(await body.rest())
    t.equal(answers.length, 1)
    if (answers[0]) refused(t, answers[0], 408, 'MALFORMED_REQUEST', { id: ID })
  })

  await t.test('and a connection on which nothing comes is closed', async (t) => {
    const answers = parseAnswers(await silent.rest())
    for (const each of answers) refused(t, each, 408, 'MALFORMED_REQUEST')
    t.ok(answers.length <= 1)
  })
})

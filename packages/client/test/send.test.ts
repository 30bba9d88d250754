import { test } from 'tap'
import { LatchkeyError } from '../src/error.ts'
import { isOver, post } from '../src/send.ts'
import { caught, createBrowser, json, refuse } from './browser.ts'

const REQUEST = { url: 'https://auth.example.com/x', body: {}, credentials: 'include' } as const

const busy = (status: number, seconds: string) => () => refuse(status, 'OVERLOADED', { 'retry-after': seconds })
const lost = () => Promise.reject(new TypeError('Failed to fetch'))
const success = () => json(200, { done: true })

test('waits as the service asks, twice, for five seconds at most', async (t) => {
  for (const [answers, outcome, pauses] of [
    [[busy(503, '1'), busy(429, '5'), success], { done: true }, [1000, 5000]],
    [[busy(503, '0'), busy(503, '0'), busy(503, '2')], { status: 503, retryAfter: 2 }, [0, 0]],
    [[busy(503, '6')], { status: 503, retryAfter: 6 }, []],
    [[() => refuse(503, 'OVERLOADED')], { status: 503, retryAfter: undefined }, []],
    [[busy(500, '1')], { status: 500, retryAfter: 1 }, []]
  ] as [(() => Response)[], object, number[]][]) {
    const browser = createBrowser()
    browser.scripted.push(...answers)
    const { fetch } = browser
    const answered = await post(fetch, browser.platform, REQUEST).catch((error) => error)
    t.match(answered, outcome)
    t.strictSame([browser.seen.length, browser.pauses], [answers.length, pauses])
  }
})

test('what is lost is sent once more if that does no harm', async (t) => {
  for (const [repeatable, answers, code] of [
    [true, [lost, success], undefined],
    [true, [lost, lost], 'NETWORK'],
    [true, [lost, busy(503, '1'), success], undefined],
    [false, [lost], 'NETWORK']
  ] as [boolean, (() => Promise<Response>)[], string?][]) {
    const browser = createBrowser()
    browser.scripted.push(...answers)
    const sent = post(browser.fetch, browser.platform, { ...REQUEST, repeatable })
    if (code) t.match(await caught(sent), { code })
    else t.strictSame(await sent, { done: true })
    t.equal(browser.seen.length, answers.length)
  }
})

test('each request has ten seconds', async (t) => {
  const { platform } = createBrowser()
  const timeouts: number[] = []
  const timeout = (ms: number) => {
    timeouts.push(ms)
    return AbortSignal.abort(new DOMException('', 'TimeoutError'))
  }
  const sent = post(fetch, { ...platform, timeout }, { ...REQUEST, repeatable: true })
  t.match(await sent.catch((error) => error), { status: 0, code: 'NETWORK', cause: { name: 'TimeoutError' } })
  t.strictSame(timeouts, [10_000, 10_000])
})

test('a session is over where the service says so', (t) => {
  t.ok(isOver(new LatchkeyError(400, 'VALIDATION_FAILED')))
  t.ok(isOver(new LatchkeyError(401, 'REFRESH_TOKEN_INVALID')))
  t.notOk(isOver(new LatchkeyError(401, 'UNEXPECTED_ANSWER')))
  t.notOk(isOver(new LatchkeyError(403, 'FORBIDDEN')))
  t.notOk(isOver(new TypeError('Failed to fetch')))
  t.end()
})

import { test } from 'tap'
import { platform } from '../src/platform.ts'

test('locks and channels are used where there are any', async (t) => {
  t.intercept(globalThis, 'navigator', { value: undefined, configurable: true })
  t.equal(platform.locks, undefined)
  const locks = {}
  t.intercept(globalThis, 'navigator', { value: { locks }, configurable: true })
  t.equal(platform.locks, locks)
  t.intercept(globalThis, 'BroadcastChannel', { value: undefined, configurable: true })
  t.equal(platform.openChannel('a name'), undefined)
})

test('a channel of a browser has no unref', (t) => {
  class Channel {
    name: string
    constructor(name: string) {
      this.name = name
    }
  }
  t.intercept(globalThis, 'BroadcastChannel', { value: Channel, configurable: true })
  t.strictSame(platform.openChannel('a name'), new Channel('a name'))
  t.end()
})

test('what is sent reaches the other tabs', async (t) => {
  const [channel, other] = [platform.openChannel('a name'), new BroadcastChannel('a name')]
  const received = new Promise((resolve) => {
    other.onmessage = ({ data }) => resolve(data)
  })
  channel?.postMessage({ token: 'x' })
  t.strictSame(await received, { token: 'x' })
  channel?.close()
  other.close()
})

test('clocks, pauses and timeouts', async (t) => {
  const [wall, monotonic] = [platform.wallNow(), platform.monotonicNow()]
  await platform.pause(2)
  t.ok(platform.monotonicNow() > monotonic)
  t.ok(Math.abs(Date.now() - wall) < 60_000)
  t.equal(platform.timeout(60_000).aborted, false)
})

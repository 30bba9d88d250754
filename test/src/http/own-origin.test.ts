import { test } from 'tap'
import { isOwnForm, ownOrigins } from '../../../src/http/own-origin.ts'

test('the origins of our own pages', (t) => {
  const rows: [publicUrl: string, origins: string[]][] = [
    ['https://auth.example.com', ['https://auth.example.com']],
    ['https://Auth.Example.com:443/path/', ['https://auth.example.com']],
    ['http://auth.example.com:8080', ['http://auth.example.com:8080']],
    ['https://localhost:3000', ['https://localhost:3000']],
    ['http://127.0.0.1:3000', ['http://127.0.0.1:3000', 'http://localhost:3000', 'http://[::1]:3000']],
    ['http://localhost', ['http://localhost', 'http://127.0.0.1', 'http://[::1]']],
    [
      'http://auth.localhost:81',
      ['http://auth.localhost:81', 'http://localhost:81', 'http://127.0.0.1:81', 'http://[::1]:81']
    ]
  ]
  for (const [publicUrl, origins] of rows) t.strictSame([...ownOrigins(publicUrl)].sort(), origins.sort(), publicUrl)
  t.end()
})

test('a form is ours where the browser says so', (t) => {
  const origins = new Set(['https://auth.example.com'])
  const rows: [origin: string | undefined, site: string | undefined, own: boolean][] = [
    ['https://auth.example.com', undefined, true],
    ['https://auth.example.com', 'same-origin', true],
    [undefined, 'same-origin', true],
    ['null', 'same-origin', true],
    [undefined, undefined, false],
    ['null', undefined, false],
    ['', 'same-origin', false],
    ['https://auth.example.com.evil.example', 'same-origin', false],
    ['https://evil.example', 'same-origin', false],
    ['http://auth.example.com', undefined, false],
    ['https://auth.example.com:8443', undefined, false],
    ['https://auth.example.com/', undefined, false],
    ['https://auth.example.com, https://evil.example', undefined, false],
    ...['same-site', 'cross-site', 'none', 'Same-Origin', ''].flatMap(
      (site): [string | undefined, string, boolean][] => [
        [undefined, site, false],
        ['null', site, false]
      ]
    )
  ]
  for (const [origin, site, own] of rows) {
    const headers = { ...(origin !== undefined && { origin }), ...(site !== undefined && { 'sec-fetch-site': site }) }
    t.equal(isOwnForm(headers, origins), own, `${origin} ${site}`)
  }
  t.end()
})

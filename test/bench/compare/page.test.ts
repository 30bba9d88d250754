import { test } from 'tap'
import { toPage } from '../../../bench/compare/page.ts'
import { curve, example } from './example.ts'

test('a page that needs nothing else', (t) => {
  const page = toPage(example({ curves: [curve] }))
  t.match(page, /^<!doctype html>/)
  t.notMatch(page, /<script|<link|<img|@import|url\(|src=/)
  // Namespaces and our own command aside, it names no other place.
  t.strictSame(
    [...page.matchAll(/https?:\/\/[^\s"'<&;)]+/g)]
      .map(([address]) => address)
      .filter((address) => !address.includes('w3.org'))
      .sort(),
    ['http://127.0.0.1:1', 'http://127.0.0.1:2']
  )
  t.end()
})

test('it tells every figure, and what is within noise', (t) => {
  const page = toPage(example({ curves: [curve] }))
  for (const part of [
    'a and b &amp; c, side by side',
    'b &amp; c 0.50 times that of a',
    'the same as a within noise',
    '<b>5,500</b> <small>[5,000..6,100]</small>',
    'class="worse">0.50 ×',
    'class="even">0.99 ×',
    '422 for &lt;400&gt;',
    'bcrypt alone',
    'empty server',
    '/me by clients',
    '25 November 2026'
  ]) {
    t.ok(page.includes(part), part)
  }
  t.notMatch(page, 'b & c')
  t.notMatch(page, /NaN|undefined/)
  t.end()
})

test('it is drawn for a desk and for a phone, in light and dark', (t) => {
  const page = toPage(example())
  t.equal(page.split('class="wide"').length, page.split('class="narrow"').length)
  t.match(page, 'prefers-color-scheme: dark')
  t.match(page, 'var(--series-2)')
  t.end()
})

test('a page of one target alone', (t) => {
  const page = toPage(example({ kind: 'bench', targets: example().targets.slice(0, 1) }))
  t.match(page, 'What the service does, measured')
  t.notMatch(page, /NaN|undefined/)
  t.end()
})

import { test } from 'tap'
import { canonicalTag, directionOf, isolate } from '../../../src/pages/languages.ts'

test('tags have one form', async (t) => {
  const rows: [name: string, tag: string | undefined][] = [
    ['de', 'de'],
    ['DE-at', 'de-AT'],
    ['zh-hant-tw', 'zh-Hant-TW'],
    ['iw', 'he'],
    ['de_AT', undefined],
    ['german language', undefined],
    ['', undefined]
  ]
  for (const [name, tag] of rows) t.equal(canonicalTag(name), tag, name)
})

test('the direction is that of the script', async (t) => {
  const rows: [direction: 'ltr' | 'rtl', tags: string[]][] = [
    ['ltr', ['en', 'de-AT', 'ja', 'el', 'az', 'tlh', 'ar-Latn']],
    ['rtl', ['ar', 'ar-EG', 'he', 'fa', 'ur', 'dv', 'nqo', 'az-Arab', 'ff-Adlm']]
  ]
  for (const [direction, tags] of rows) for (const tag of tags) t.equal(directionOf(tag), direction, tag)
})

test('values are isolated where the text runs from right to left', async (t) => {
  t.equal(isolate('rtl', 'ada'), '\u2068ada\u2069')
  t.equal(isolate('ltr', 'ada'), 'ada')
})

import { test } from 'tap'
import { createLetterLanguage, isTag, matchLanguages } from '../../../../src/mail/templates/languages.ts'

test('the languages that a header or an account names', async (t) => {
  const tags = ['en', 'ar', 'de', 'de-AT']
  const cases: [ranges: string | undefined, matches: string[]][] = [
    [undefined, []],
    ['', []],
    ['*', []],
    ['fr, *;q=0.5', []],
    ['fr', []],
    ['de', ['de', 'de-AT']],
    ['de-AT', ['de-AT', 'de']],
    ['DE-ch', ['de']],
    ['en-GB,en;q=0.9,ar;q=0.8', ['en', 'ar']],
    ['ar;q=0.1, * ;q=1, en;q=0.2', ['en', 'ar']],
    ['de;q=0, ar', ['ar']],
    ['ar_EG', []],
    [',;=,,-,"', []]
  ]
  for (const [ranges, matches] of cases) t.strictSame(matchLanguages(tags, ranges), matches, String(ranges))
})

test('a language writes durations and numbers', async (t) => {
  const cases: [tag: string, direction: string, durations: string[], number: string][] = [
    ['en', 'ltr', ['30 minutes', '1 hour', '24 hours', '7 days'], '1,234'],
    ['de', 'ltr', ['30 Minuten', '1 Stunde', '24 Stunden', '7 Tage'], '1.234'],
    ['ar', 'rtl', ['30 دقيقة', 'ساعة', '24 ساعة', '7 أيام'], '1,234']
  ]
  for (const [tag, direction, durations, number] of cases) {
    const language = createLetterLanguage(tag)
    t.strictSame([language.tag, language.direction], [tag, direction])
    t.strictSame(
      [1800, 3600, 86_400, 604_800].map((seconds) => language.duration(seconds)),
      durations
    )
    t.equal(language.number(1234), number)
  }
})

test('the name of a folder is a tag in its canonical form', async (t) => {
  for (const name of ['de', 'pt-BR', 'zh-Hant']) t.equal(isTag(name), true, name)
  for (const name of ['pt-br', 'pt_BR', 'German language', 'x', '']) t.equal(isTag(name), false, name)
})

import { test } from 'tap'
import { bad, good, warning } from '../../../src/doctor/finding.ts'

test('a finding has a fix unless it is good', (t) => {
  t.strictSame(good('HOST', 'as required'), { about: 'HOST', state: 'good', message: 'as required' })
  t.strictSame(warning('HOST', 'unusual', 'change it'), {
    about: 'HOST',
    state: 'warning',
    message: 'unusual',
    fix: 'change it'
  })
  t.strictSame(bad('HOST', 'wrong', 'change it'), { about: 'HOST', state: 'bad', message: 'wrong', fix: 'change it' })
  t.end()
})

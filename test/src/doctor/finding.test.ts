import { test } from 'tap'
import { bad, describeFindings, good, isAnyBad, warning } from '../../../src/doctor/finding.ts'

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

test('findings are a line each, with the fix below', (t) => {
  const findings = [good('HOST', 'as required'), warning('PORT', 'unusual', 'change it')]
  t.equal(describeFindings(findings), 'ok       HOST: as required\nwarning  PORT: unusual\n         change it')
  t.notOk(isAnyBad(findings))
  t.equal(describeFindings([bad('HOST', 'wrong', 'change it')]), 'BAD      HOST: wrong\n         change it')
  t.ok(isAnyBad([...findings, bad('HOST', 'wrong', 'change it')]))
  t.end()
})

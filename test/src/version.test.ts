import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { VERSION } from '../../src/version.ts'

test('the version is that of package.json', (t) => {
  t.equal(VERSION, JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version)
  t.end()
})

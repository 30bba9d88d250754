import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { commit, machine, versions } from '../../src/measure/machine.ts'

test('on what it is measured', (t) => {
  const { processor, ...rest } = machine()
  t.strictSame(rest, {
    cores: cpus().length,
    memory: Math.round(totalmem() / 1_048_576),
    system: `${type()} ${release()}`
  })
  t.ok(processor.endsWith(arch()), processor)
  t.end()
})

test('with what it is measured', (t) => {
  const { node, ...others } = versions()
  t.equal(node, process.versions.node)
  t.strictSame(Object.keys(others), ['fastify', 'bcrypt', 'autocannon'])
  for (const [name, version] of Object.entries(others)) t.match(version, /^\d+\.\d+\.\d+/, name)
  t.end()
})

test('the commit, and whether files have changed since', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-commit-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const git = (...words: string[]) => execFileSync('git', words, { cwd: folder, stdio: 'pipe', encoding: 'utf8' })
  git('init')
  t.equal(commit(folder), 'unknown', 'before the first one')
  writeFileSync(join(folder, 'file'), 'one')
  git('add', 'file')
  git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '--no-gpg-sign', '-m', 'one')
  t.equal(commit(folder), git('rev-parse', '--short=10', 'HEAD').trim())
  writeFileSync(join(folder, 'file'), 'two')
  t.match(commit(folder), /^[0-9a-f]{10,}-dirty$/)
  t.equal(commit(join(folder, 'none')), 'unknown', 'where there is no such folder')
  t.type(commit(), 'string')
  t.end()
})

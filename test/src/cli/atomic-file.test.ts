import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { writeNewFile } from '../../../src/cli/atomic-file.ts'

async function* texts() {
  yield 'one\n'
  yield 'two\n'
}

test('a file is written whole, for its owner alone', async (t) => {
  const folder = t.testdir()
  await writeNewFile(`${folder}/file`, texts)
  t.equal(readFileSync(`${folder}/file`, 'utf8'), 'one\ntwo\n')
  t.equal(statSync(`${folder}/file`).mode & 0o777, 0o600)
  t.strictSame(readdirSync(folder), ['file'])
})

test('nothing is left of one that could not be written to its end', async (t) => {
  const folder = t.testdir()
  const failing = async function* () {
    yield 'one\n'
    throw new Error('the database is gone')
  }
  await t.rejects(writeNewFile(`${folder}/file`, failing), { message: 'the database is gone' })
  t.strictSame(readdirSync(folder), [])
})

test('what is there is not replaced, also when it came meanwhile', async (t) => {
  const folder = t.testdir({ file: 'mine' })
  await t.rejects(writeNewFile(`${folder}/file`, texts), {
    message: `${folder}/file already exists: choose another name, or move the file.`
  })
  const meanwhile = async function* () {
    writeFileSync(`${folder}/other`, 'mine')
    yield* texts()
  }
  await t.rejects(writeNewFile(`${folder}/other`, meanwhile), { code: 'EEXIST' })
  t.strictSame(
    readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, 'utf8')),
    ['mine', 'mine']
  )
})

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'

const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const PROGRAM = ['--import', inRoot('test/helpers/typescript.mjs'), inRoot('src/latchkey.ts')]

/** How the program ends in a folder, and what it says. */
function latchkey(cwd: string, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...PROGRAM, ...words], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, FASTIFY_AUTOLOAD_TYPESCRIPT: '1' }
  })
  return { status, stdout, stderr }
}

test('the operator’s program', async (t) => {
  await t.test('does what its words say', async (t) => {
    const { status, stdout, stderr } = latchkey(t.testdir(), '--help')
    t.match(stdout, /^Usage: latchkey /)
    t.strictSame({ status, stderr }, { status: 0, stderr: '' })
    t.match(latchkey(t.testdir(), 'no-such-command'), { status: /^[^0]/, stdout: '', stderr: /no-such-command/ })
  })

  await t.test('reads the file that --env-file names in place of .env, which has to be there', async (t) => {
    const folder = t.testdir({ '.env': 'DATA_DIR=./here\n', 'latchkey.env': 'DATA_DIR=./there\n', none: {} })
    for (const words of [
      ['--env-file', 'latchkey.env', 'users', 'list'],
      ['users', 'list', '--env-file=latchkey.env']
    ]) {
      t.match(latchkey(folder, ...words), { status: 1, stderr: `database: embedded in ${folder}/there\n` })
    }
    t.match(latchkey(folder, 'users', 'list'), { status: 1, stderr: `database: embedded in ${folder}/here\n` })
    for (const file of ['missing.env', 'none']) {
      // Node itself looks for the file of an option of this name, even behind the program, and ends with 9.
      t.match(latchkey(folder, '--env-file', file, 'users', 'list'), { status: /^[19]$/, stdout: '', stderr: file })
    }
    t.match(latchkey(folder, 'users', 'list', '--env-file'), { status: 2, stderr: /argument missing/ })
    t.strictSame(readdirSync(folder).sort(), ['.env', 'latchkey.env', 'none'])
  })

  await t.test('reads .env of its folder, or says that it cannot', async (t) => {
    t.match(latchkey(t.testdir({ '.env': 'DATABASE_URL=nonsense\n' }), 'keys', 'list'), {
      status: /^[^0]/,
      stderr: /DATABASE_URL/
    })
    const { status, stdout, stderr } = latchkey(t.testdir({ '.env': {} }), '--help')
    t.strictSame({ status, stdout }, { status: 1, stdout: '' })
    t.match(stderr, /^latchkey cannot read its settings\. .+\n$/)
  })
})

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'

const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const PROGRAM = ['--import', inRoot('test/typescript.mjs'), inRoot('src/latchkey.ts')]

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

  await t.test('reads .env of its folder, or says that it cannot', async (t) => {
    t.match(latchkey(t.testdir({ '.env': 'DATABASE_URL=nonsense\n' }), 'keys', 'list'), {
      status: /^[^0]/,
      stderr: /DATABASE_URL/
    })
    const { status, stdout, stderr } = latchkey(t.testdir({ '.env': {} }), '--help')
    t.strictSame({ status, stdout }, { status: 1, stdout: '' })
    t.match(stderr, /^latchkey cannot read \.env\. .+\n$/)
  })
})

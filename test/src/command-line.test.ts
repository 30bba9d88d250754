import { readdirSync } from 'node:fs'
import { test } from 'tap'
import { operator } from '../command.ts'
import { migratedDatabase } from '../database.ts'

test('the command line', async (t) => {
  const run = await operator(t)

  await t.test('tells what there is', async (t) => {
    const { code, stdout, stderr } = await run(['--help'])
    t.strictSame([code, stderr], [0, ''])
    t.match(stdout, /^Usage: latchkey \[options\] \[command\]/)
    for (const name of readdirSync(new URL('../../commands/', import.meta.url)))
      t.match(stdout, name.replace('.ts', ''))
    t.match((await run(['keys', 'list', '--help'])).stdout, /^Usage: latchkey keys list \[options\]/)
  })

  await t.test('ends with 2 where its words are at fault', async (t) => {
    const table: [words: string[], stderr: RegExp][] = [
      [['kyes'], /unknown command 'kyes'/],
      [['keys', 'lits'], /unknown command 'lits'/],
      [['keys', 'list', '--loud'], /unknown option '--loud'/],
      [['keys', 'list', 'all'], /too many arguments/],
      [['users', 'list', '--limit', '0'], /must be a whole number from 1 to 1000/],
      [['users', 'list', '--limit', '1001'], /must be a whole number from 1 to 1000/],
      [['users', 'list', '--limit', '1.5'], /must be a whole number from 1 to 1000/],
      [['keys'], /Usage: latchkey keys/],
      [[], /Usage: latchkey/]
    ]
    for (const [words, expected] of table) {
      const { code, stdout, stderr } = await run(words)
      t.strictSame([code, stdout], [2, ''], words.join(' '))
      t.match(stderr, expected)
    }
  })

  await t.test('ends with 1 and the reason where the service could not start either', async (t) => {
    const database = await migratedDatabase(t)
    await (await operator(t, { database }))(['keys', 'list'])
    const stranger = await operator(t, { database, environment: { SECRET_KEY: 'another secret, which opens nothing' } })
    const message =
      'SECRET_KEY unwraps none of the 1 signing keys in the database: set the SECRET_KEY that they were made with, or add it as SECRET_KEY_PREVIOUS'
    t.strictSame(await stranger(['keys', 'list']), { code: 1, stdout: '', stderr: `${message}\n` })
    const { code, stdout, stderr } = await stranger(['keys', 'list', '--json'])
    t.strictSame([code, stdout, JSON.parse(stderr)], [1, '', { error: message }])
  })

  await t.test('names all that is at fault in what was given', async (t) => {
    const words = ['users', 'create', '--username', 'a', '--email', 'b']
    const errors = [
      { path: '/username', message: 'must have at least 3 characters' },
      { path: '/email', message: 'must be an email address' }
    ]
    const lines = errors.map(({ path, message }) => `${path.slice(1)} ${message}\n`)
    t.strictSame(await run(words), { code: 1, stdout: '', stderr: lines.join('') })
    const { stderr } = await run(['--json', ...words])
    t.strictSame(JSON.parse(stderr), {
      error: 'The request does not fit its schema.',
      code: 'VALIDATION_FAILED',
      errors
    })
  })
})

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { test } from 'tap'
import { operator } from '../../helpers/command.ts'
import { configured, migratedDatabase } from '../../helpers/database.ts'
import { serverOver } from '../../helpers/servers.ts'

test('users export', async (t) => {
  const run = await operator(t)
  const folder = t.testdir()
  // Their order is that of their times.
  const input = 'username,created_at\nada,2024-01-01T00:00:00Z\nbob,2024-01-02T00:00:00Z\n'
  await run(['users', 'import', '-', '--format', 'csv'], { input })

  t.strictSame(await run(['users', 'export', `${folder}/users.jsonl`]), {
    code: 0,
    stdout: `2 accounts written to ${folder}/users.jsonl, including their password hashes; only its owner can read it.\n`,
    stderr: ''
  })
  t.match(readFileSync(`${folder}/users.jsonl`, 'utf8'), /^\{"id":"[-0-9a-f]{36}","username":"ada",.*\}\n\{.*\}\n$/)
  t.equal(statSync(`${folder}/users.jsonl`).mode & 0o777, 0o600)

  const { stdout } = await run(['--json', 'users', 'export', `${folder}/users.csv`])
  t.strictSame(JSON.parse(stdout), { exported: 2, file: `${folder}/users.csv` })
  t.match(readFileSync(`${folder}/users.csv`, 'utf8'), /^id,username,/)

  t.match((await run(['users', 'export', '--help'])).stdout, /may begin with = \+ - or @.*--for-spreadsheets/s)
  await run(['users', 'import', '-', '--format', 'csv'], { input: 'email\n=1+1@example.com\n' })
  t.equal((await run(['users', 'export', '--for-spreadsheets', `${folder}/sheet.csv`])).code, 0)
  t.match(readFileSync(`${folder}/sheet.csv`, 'utf8'), /,'=1\+1@example\.com,/)
  const refused = await run(['users', 'export', '--for-spreadsheets', `${folder}/sheet.jsonl`])
  t.match(refused, { code: 2, stderr: /--for-spreadsheets' needs CSV/ })

  const again = await run(['users', 'export', `${folder}/users.csv`])
  t.strictSame(again, {
    code: 1,
    stdout: '',
    stderr: `${folder}/users.csv already exists: choose another name, or move the file.\n`
  })
})

test('users export writes nothing that it cannot put on record', async (t) => {
  const source = await migratedDatabase(t)
  await operator(t, { database: source })
  const database = await configured(source, 'default_transaction_read_only', 'on')
  // The embedded driver begins anew with each client, and forgets the setting.
  const url = 'url' in database ? database.url : await serverOver(t, database.pglite)
  const run = await operator(t, { database: { url } })
  const folder = t.testdir({})
  const stderr =
    'The database is read-only: it is a replica, or default_transaction_read_only is on; set DATABASE_URL to the primary.\n'
  t.strictSame(await run(['users', 'export', `${folder}/users.jsonl`]), { code: 1, stdout: '', stderr })
  t.strictSame(readdirSync(folder), [])
  t.equal((await run(['users', 'list'])).code, 0)
  const made = await run(['users', 'create', '--username', 'ada'], { input: 'correct horse battery staple' })
  t.match(made, { code: 1, stdout: '', stderr })
})

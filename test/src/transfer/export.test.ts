import { Readable } from 'node:stream'
import { parse } from 'csv-parse/sync'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { exportUsers } from '../../../src/transfer/export.ts'
import { importUsers } from '../../../src/transfer/import.ts'
import { FORMATS, type Format, readRecords } from '../../../src/transfer/records.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'

const HASH = `$2b$10$${'.'.repeat(53)}`
const ARGON = '$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg'
const NIL = '00000000-0000-0000-0000-000000000000'
/** In a cell, quotes are doubled, and JSON escapes them as well. */
const METADATA = String.raw`"{""say"":""a \""b\"", c"",""plan"":null}"`
const OLD = '01a2042f-755a-73a2-b130-55ee546a65bd'

test('accounts', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const open = () => createDatabase(pool)

  async function write(format: Format) {
    let text = ''
    let accounts = 0
    for await (const part of exportUsers(open, format)) {
      text += part.text
      accounts += part.accounts
    }
    return { text, accounts }
  }
  const read = (text: string, format: Format) =>
    importUsers(readRecords(Readable.from([text]), { format, ignoreUnknown: false }), {
      openDatabase: open,
      refuse: async (refusal) => {
        t.fail('was refused', refusal)
      },
      progress() {}
    })
  const everything = async () =>
    (await pool.query('SELECT users.*, created_at::text, disabled_at::text FROM users ORDER BY id')).rows

  t.strictSame(await write('jsonl'), { text: '', accounts: 0 })
  const NAMES =
    'id,username,email,email_verified,password_hash,created_at,disabled_at,locale,roles,metadata,last_login_at\n'
  t.strictSame(await write('csv'), { text: NAMES, accounts: 0 })

  await pool.query(
    `INSERT INTO users (id, username, email, email_verified, password_hash, created_at, disabled_at, locale, roles,
       metadata, last_login_at, signed_in) VALUES
     ($1, 'Ada', NULL, false, $3, '2019-05-04T03:02:01.123456Z', NULL, NULL, '{}', '{}', NULL, false),
     ($2, 'bob', 'Bob@Example.com', true, $4, '2019-05-04T05:02:01+02', '2020-01-01T00:00:00Z', 'de', '{admin,editor}',
       '{"plan": null, "say": "a \\"b\\", c"}', '2019-12-31T00:00:00Z', true)`,
    [NIL, OLD, HASH, ARGON]
  )
  await pool.query(
    "INSERT INTO users (id, username, password_hash, created_at) VALUES ('ffffffff-0000-0000-0000-000000000000', 'zoe', NULL, now())"
  )

  await t.test('are written as they are, hashes included', async (t) => {
    const { text, accounts } = await write('jsonl')
    t.equal(accounts, 3)
    t.strictSame(
      text
        .split('\n')
        .slice(0, 2)
        .map((line) => JSON.parse(line)),
      [
        {
          id: NIL,
          username: 'Ada',
          email_verified: false,
          password_hash: HASH,
          created_at: '2019-05-04T03:02:01.123456Z'
        },
        {
          id: OLD,
          username: 'bob',
          email: 'Bob@Example.com',
          email_verified: true,
          password_hash: ARGON,
          created_at: '2019-05-04T03:02:01.000000Z',
          disabled_at: '2020-01-01T00:00:00.000000Z',
          locale: 'de',
          roles: ['admin', 'editor'],
          metadata: { plan: null, say: 'a "b", c' },
          last_login_at: '2019-12-31T00:00:00.000000Z'
        }
      ]
    )
    const zoe = JSON.parse(text.split('\n')[2] as string)
    t.strictSame(Object.keys(zoe), ['id', 'username', 'email_verified', 'created_at'], 'no password is no hash')
    await pool.query("UPDATE users SET password_hash = '!' WHERE username = 'zoe'")
    t.strictSame(await write('jsonl'), { text, accounts }, 'as an earlier version stored it')
    await pool.query("UPDATE users SET password_hash = NULL WHERE username = 'zoe'")
    t.match(
      (await write('csv')).text,
      `${NAMES}${NIL},Ada,,false,${HASH},2019-05-04T03:02:01.123456Z,,,,,\n${OLD},bob,Bob@Example.com,true,"${ARGON}",2019-05-04T03:02:01.000000Z,2020-01-01T00:00:00.000000Z,de,admin editor,${METADATA},2019-12-31T00:00:00.000000Z\n`
    )
  })

  await pool.query(
    `INSERT INTO users (id, email, password_hash, created_at)
     SELECT gen_random_uuid(), 'user' || n || '@example.com', $1, now() FROM generate_series(1, 1100) AS n`,
    [HASH]
  )
  for (const format of FORMATS) {
    await t.test(`come back from ${format} as they were`, async (t) => {
      const before = await everything()
      const { text, accounts } = await write(format)
      t.equal(accounts, 1103)
      await pool.query('DELETE FROM users')
      t.strictSame(await read(text, format), { read: 1103, imported: 1103, already_there: 0, refused: 0 })
      t.strictSame(await everything(), before)
      t.strictSame(await read(text, format), { read: 1103, imported: 0, already_there: 1103, refused: 0 })
    })
  }
})

test('a cell that a spreadsheet would take for a formula is text where that is asked for', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const emails = ['=1+1@example.com', '+a@example.com', '-a@example.com', '@a', '\t=1', '\r=1', 'a=1@example.com']
  for (const email of emails) {
    await pool.query(
      "INSERT INTO users (id, email, password_hash, created_at) VALUES (gen_random_uuid(), $1, '!', now())",
      [email]
    )
  }
  const write = async (forSpreadsheets?: boolean) => {
    let text = ''
    for await (const part of exportUsers(() => createDatabase(pool), 'csv', forSpreadsheets)) text += part.text
    return parse(text, { columns: true })
      .map((row) => (row as { email: string }).email)
      .sort()
  }
  t.strictSame(await write(), [...emails].sort())
  t.strictSame(await write(true), emails.map((email) => (email.startsWith('a') ? email : `'${email}`)).sort())
})

test('a quote in a cell is doubled', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  // No rule of ours lets such a name in, but a table may hold it.
  await pool.query(
    "INSERT INTO users (id, username, password_hash, created_at) VALUES (gen_random_uuid(), 'a\"b', '!', now())"
  )
  let text = ''
  for await (const part of exportUsers(() => createDatabase(pool), 'csv')) text += part.text
  t.match(text, /,"a""b",/)
})

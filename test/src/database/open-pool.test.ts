import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { openPool } from '../../../src/database/open-pool.ts'
import { caught } from '../../helpers/caught.ts'
import { embeddedDatabase, fillDataFolder } from '../../helpers/database.ts'
import { completed, handwrittenServer, refusingServer, turnedAway, welcome } from '../../helpers/servers.ts'

const SECRET_KEY = 'only for tests, and long enough to be one'

const never = (line: string) => {
  throw new Error(`said: ${line}`)
}

test('the embedded database of the folder, which is unlocked again', async (t) => {
  const DATA_DIR = t.testdir()
  await fillDataFolder(DATA_DIR)
  const config = readConfig({ DATA_DIR })
  for (const count of [1, 2]) {
    const { pool, close } = await openPool(config, never)
    await pool.query('CREATE TABLE IF NOT EXISTS words (word text)')
    await pool.query("INSERT INTO words VALUES ('one')")
    t.strictSame((await pool.query('SELECT count(*)::int AS count FROM words')).rows, [{ count }])
    await close()
  }
})

test('an embedded database that is open, and stays so', async (t) => {
  const { pglite } = await embeddedDatabase(t)
  const { pool, close } = await openPool(readConfig({}), never, pglite)
  t.strictSame((await pool.query('SELECT 1 AS one')).rows, [{ one: 1 }])
  await close()
  t.strictSame((await pglite.query('SELECT 1 AS one')).rows, [{ one: 1 }])
})

test('a server, as soon as it answers', async (t) => {
  const said: string[] = []
  const sockets: Socket[] = []
  const url = await handwrittenServer(t, (socket, { type }, connection) => {
    if (connection === 1) socket.end(turnedAway('57P03', 'the database system is starting up'))
    else if (type === '') {
      sockets.push(socket)
      socket.write(welcome)
    } else if (type === 'Q') socket.write(completed('SELECT 1'))
  })
  const { pool, close } = await openPool(readConfig({ DATABASE_URL: url, SECRET_KEY }), (line) => said.push(line))
  t.strictSame(said, [`waiting for ${new URL(url).host}/latchkey: the database system is starting up`])
  t.equal(pool.options.max, 1)

  // The error of an idle connection does not end the process.
  const lost = once(pool, 'remove')
  for (const socket of sockets) socket.destroy()
  await lost
  await pool.query('SELECT 1')
  await close()
})

test('a server that refuses', async (t) => {
  const url = await refusingServer(t, '28P01', 'password authentication failed for user "ada"')
  const { name, message } = await caught(openPool(readConfig({ DATABASE_URL: url, SECRET_KEY }), never))
  t.equal(name, 'DatabaseRefusal')
  t.equal(
    message,
    `The database ${new URL(url).host}/latchkey cannot be used: it refuses: password authentication failed for user "ada"`
  )
})

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readDialect } from '@latchkey/contract/dialect'
import { test } from 'tap'
import { LATCHKEY, Missing, PEER_NAMES, PEERS, type Peer } from '../../src/peers/peers.ts'
import { pretend } from './programs.ts'

const [FASTAPI, NET_HTTP] = PEERS as [Peer, Peer]
const CHECKOUT = fileURLToPath(new URL('../../../../', import.meta.url))
const FOLDER = `${CHECKOUT}packages/compare/peers`
const FAILS = { isDone: false, output: 'a fault' }

test('each has a name, a size, its settings, and a dialect that can be read', (t) => {
  t.strictSame(PEER_NAMES, ['latchkey', 'fastapi', 'net-http'])
  t.strictSame(
    [LATCHKEY, ...PEERS].map(({ settings }) => settings('a secret')),
    [{ SECRET_KEY: 'a secret', LIMITS: 'off' }, { JWT_SECRET: 'a secret' }, { JWT_SECRET: 'a secret' }]
  )
  for (const { name, size, dialect } of [LATCHKEY, ...PEERS]) {
    const { lines, packages } = size()
    t.ok(lines > 100 && packages > 2, `${name}: ${lines} lines, ${packages} packages`)
    if (dialect !== undefined) t.equal(readDialect(dialect).secret_env, 'JWT_SECRET', name)
  }
  t.end()
})

test('Latchkey is built, and started as npm start does', (t) => {
  const { run, calls } = pretend()
  t.strictSame(LATCHKEY.prepare(run, '/scratch'), {
    start: `exec '${process.execPath}' --max-semi-space-size=8 '${CHECKOUT}dist/src/server.js'`,
    versions: {}
  })
  t.equal(calls[0]?.line, `${process.execPath} build.mjs`)
  t.throws(
    () => LATCHKEY.prepare(pretend({ [process.execPath]: FAILS }).run, '/scratch'),
    new Missing('it does not build:\na fault')
  )
  t.end()
})

test('FastAPI needs a Python that has its packages', (t) => {
  const said = { output: '{"python": "3.11.2"}' }
  const start = (python: string) => `cd '${FOLDER}/fastapi' && exec ${python} -m accounts`
  const versions = { python: '3.11.2' }
  t.strictSame(FASTAPI.prepare(pretend({ python3: said }).run, ''), { start: start('python3'), versions })
  const debian = pretend({ 'python3 ': FAILS, '/usr/bin/python3 ': said })
  t.strictSame(FASTAPI.prepare(debian.run, ''), { start: start('/usr/bin/python3'), versions })
  const none = pretend({ 'python3 ': FAILS, '/usr/bin/python3 ': FAILS })
  t.throws(() => FASTAPI.prepare(none.run, ''), {
    constructor: Missing,
    message:
      /^Python 3\.11 or later with .*fastapi\/requirements\.txt .*: pip install .* apt-get install python3-fastapi /
  })
  t.ok(existsSync(`${FOLDER}/fastapi/accounts/__main__.py`))
  t.end()
})

test('net/http is built by Go', (t) => {
  const go = { 'go env GOVERSION': { output: 'go1.19.8' } }
  const { run, calls } = pretend(go)
  t.strictSame(NET_HTTP.prepare(run, "/it's"), {
    start: String.raw`exec '/it'\''s/net-http'`,
    versions: { go: '1.19.8' }
  })
  t.equal(calls[1]?.line, `${FOLDER}/net-http/build.sh /it's/net-http`)
  t.ok(existsSync(`${FOLDER}/net-http/build.sh`))
  t.throws(() => NET_HTTP.prepare(pretend({ go: FAILS }).run, ''), {
    constructor: Missing,
    message: /^Go is needed: apt-get install golang-go golang-/
  })
  t.throws(
    () => NET_HTTP.prepare(pretend({ ...go, [FOLDER]: FAILS }).run, ''),
    new Missing('it does not build:\na fault')
  )
  t.end()
})

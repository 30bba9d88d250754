import { createHash, createHmac } from 'node:crypto'
import { test } from 'tap'
import {
  createNonce,
  createRefreshToken,
  readRefreshToken,
  sha256,
  successorOf,
  writeRefreshToken
} from '../../../src/sessions/refresh-token.ts'

const SESSION = '0198a3c2-7f00-7000-8000-0123456789ab'
const KEY = Buffer.alloc(32, 7)

test('a refresh token is session.family.rotating, and is parsed as it was serialized', (t) => {
  const token = createRefreshToken(SESSION)
  const text = writeRefreshToken(token)
  t.match(text, /^[\w-]{22}\.[\w-]{22}\.[\w-]{43}$/)
  t.equal(text.length, 89, 'which fits the schema of its route')
  t.equal(Buffer.from(text.slice(0, 22), 'base64url').toString('hex'), SESSION.replaceAll('-', ''))
  t.strictSame(readRefreshToken(text), token)
  t.end()
})

test('no two refresh tokens share a secret, even of one session', (t) => {
  const tokens = Array.from({ length: 100 }, () => writeRefreshToken(createRefreshToken(SESSION)).split('.'))
  t.equal(new Set(tokens.map(([session]) => session)).size, 1)
  t.equal(new Set(tokens.map(([, family]) => family)).size, 100)
  t.equal(new Set(tokens.map(([, , rotating]) => rotating)).size, 100)
  t.end()
})

test('malformed refresh tokens are rejected', (t) => {
  const text = writeRefreshToken({ session: SESSION, family: Buffer.alloc(16), rotating: Buffer.alloc(32) })
  const [session, family, rotating] = text.split('.') as [string, string, string]
  const others: [what: string, text: string][] = [
    ['nothing', ''],
    ['a word', 'x'],
    ['two dots', '..'],
    ['two parts', `${session}.${family}`],
    ['four parts', `${text}.${rotating}`],
    ['an empty part', `${session}..${rotating}`],
    ['parts in another order', `${rotating}.${family}.${session}`],
    ['a part that is too short', `${session}.${family}.${rotating.slice(0, -2)}`],
    ['a part that is too long', `${session}.${family}.${rotating}AA`],
    ['space around it', ` ${text} `],
    ['padding', `${session}==.${family}==.${rotating}=`],
    ['the other alphabet', `${session}.${family}.${rotating.replace('A', '+')}`],
    ['other unused bits at the end', `${session}.${family}.${rotating.slice(0, -1)}B`],
    ['other unused bits of the family', `${session}.${family.slice(0, -1)}B.${rotating}`],
    ['other unused bits of the session', `${session.slice(0, -1)}x.${family}.${rotating}`],
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['a UUID in text', `${SESSION}.${family}.${rotating}`]
  ]
  for (const [what, other] of others) t.equal(readRefreshToken(other), undefined, what)
  t.ok(readRefreshToken(text))
  t.end()
})

test('a successor', (t) => {
  const token = createRefreshToken(SESSION)
  const nonce = createNonce()
  const successor = successorOf(token, nonce, KEY)
  t.strictSame(successorOf(token, nonce, KEY), successor, 'is the same whenever it is derived')
  t.strictSame([successor.session, successor.family], [token.session, token.family], 'stays in the family')
  const input = Buffer.concat([Buffer.from(SESSION.replaceAll('-', ''), 'hex'), token.family, token.rotating, nonce])
  t.strictSame(successor.rotating, createHmac('sha256', KEY).update(input).digest(), 'is keyed')

  const others = [
    successorOf(token, createNonce(), KEY),
    successorOf(token, nonce, Buffer.alloc(32, 8)),
    successorOf(createRefreshToken(SESSION), nonce, KEY),
    successorOf({ ...token, session: SESSION.replace('ab', 'ac') }, nonce, KEY),
    successorOf(successor, nonce, KEY)
  ]
  const rotating = [token, successor, ...others].map((each) => each.rotating.toString('hex'))
  t.equal(new Set(rotating).size, 7, 'is another for each nonce, key and token')
  t.end()
})

test('the SHA-256 of a secret part is stored', (t) => {
  const { rotating } = createRefreshToken(SESSION)
  t.strictSame(sha256(rotating), createHash('sha256').update(rotating).digest())
  t.end()
})

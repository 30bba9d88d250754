import { test } from 'tap'
import { authenticateByForm, authenticateByHeader } from '../../../src/tokens/client-secret.ts'

const KEY = 'a key with: 100 % of + and / in it, 32 bytes'
const CHALLENGES = 'Bearer error="invalid_token", Basic realm="latchkey", charset="UTF-8"'
const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+')
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test('a client authenticates by its header', async (t) => {
  t.equal(authenticateByHeader(undefined, KEY), false, 'or has none')
  for (const header of [
    `Bearer ${KEY}`,
    `bearer ${KEY}`,
    basic(`client:${KEY}`),
    basic(`:${KEY}`),
    basic(`client:${encode(KEY)}`),
    basic(`${encode('https://client.example/')}:${encode(KEY)}`),
    basic(`client:${encodeURIComponent(KEY)}`),
    basic(`client:${KEY}`).replace('Basic', 'basic'),
    basic(`client:${KEY}`).replace('Basic ', 'BASIC   ')
  ]) {
    t.equal(authenticateByHeader(header, KEY), true, header)
  }

  const refused: [header: string, code: string][] = [
    ['', 'TOKEN_MISSING'],
    [`Digest ${KEY}`, 'TOKEN_MISSING'],
    [`Basicx ${KEY}`, 'TOKEN_MISSING'],
    ['Bearer', 'TOKEN_INVALID'],
    [`Bearer ${KEY}x`, 'TOKEN_INVALID']
  ]
  for (const [header, code] of refused) t.throws(() => authenticateByHeader(header, KEY), { code }, header)

  for (const header of [
    'Basic',
    'Basic ',
    `Basic ${KEY}`,
    basic(KEY),
    basic(`${KEY}:`),
    basic('client:'),
    basic(`client:${KEY}x`),
    basic(`client:${KEY.slice(1)}`),
    basic(`client: ${KEY}`),
    basic('client:%'),
    basic(`client:${encode(encode(KEY))}`)
  ]) {
    const refusal = { code: 'TOKEN_INVALID', headers: { 'www-authenticate': CHALLENGES } }
    t.throws(() => authenticateByHeader(header, KEY), refusal as never, header)
  }
})

test('a client authenticates by its form', async (t) => {
  authenticateByForm(KEY, KEY)
  t.throws(() => authenticateByForm(undefined, KEY), { code: 'TOKEN_MISSING' })
  for (const secret of ['', encode(KEY), `${KEY}x`]) {
    t.throws(() => authenticateByForm(secret, KEY), { code: 'TOKEN_INVALID' }, secret)
  }
})

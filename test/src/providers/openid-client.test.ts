import { test } from 'tap'
import type { BoundedFetch } from '../../../src/providers/bounded-fetch.ts'
import { type Client, loadOpenId } from '../../../src/providers/openid-client.ts'
import type { FederationRefusal } from '../../../src/providers/provider.ts'
import { testClock } from '../../helpers/app.ts'

// What an issuer answers is in the tests of the providers. This has what no issuer is needed for.

const SECRETS = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) }
const METADATA = {
  issuer: 'https://id.example.com',
  authorization_endpoint: 'https://id.example.com/authorize',
  token_endpoint: 'https://id.example.com/token',
  jwks_uri: 'https://id.example.com/jwks'
}
const us: Client = { metadata: METADATA, clientId: 'latchkey', secret: 'a secret' }
const redirect = (query: string) => new URL(`https://auth.example.com/callback?${query}`)
const reasonOf = ({ reason }: FederationRefusal) => reason

test('the library, behind this module', async (t) => {
  const clock = testClock()
  const asked: string[] = []
  let answer = () => Response.json({})
  const fetch: BoundedFetch = async (url) => {
    asked.push(url)
    return answer()
  }
  const openId = await loadOpenId(fetch, clock)
  const redeem = (query: string) => openId.redeem(us, redirect(query), SECRETS, true).catch(reasonOf)

  await t.test('sends nothing to a provider before the answer is verified', async (t) => {
    const { state } = SECRETS
    const rows: [query: string, reason: string][] = [
      [`code=x&state=${'o'.repeat(43)}`, 'invalid answer'],
      ['code=x', 'invalid answer'],
      [`state=${state}`, 'invalid answer'],
      [`code=x&code=y&state=${state}`, 'invalid answer'],
      [`code=x&state=${state}&iss=https%3A%2F%2Fevil.example.com`, 'invalid answer'],
      [`error=access_denied&state=${state}`, 'access denied'],
      [`error=user_cancelled_authorize&state=${state}`, 'access denied'],
      [`error=server_error&state=${state}`, 'refused by the provider'],
      [`error=access_denied&state=${'o'.repeat(43)}`, 'invalid answer']
    ]
    for (const [query, reason] of rows) t.equal(await redeem(query), reason, query)
    t.strictSame(asked, [])
  })

  await t.test('tells a client that is refused from a code that is', async (t) => {
    const rows: [error: string, status: number, reason: string][] = [
      ['invalid_client', 401, 'client refused'],
      ['unauthorized_client', 400, 'client refused'],
      ['incorrect_client_credentials', 200, 'client refused'],
      ['invalid_grant', 400, 'code refused'],
      ['bad_verification_code', 200, 'code refused']
    ]
    for (const [error, status, reason] of rows) {
      answer = () => Response.json({ error }, { status })
      t.equal(await redeem(`code=x&state=${SECRETS.state}`), reason, error)
    }
    answer = () => Response.json({ error: 1 })
    t.equal(await redeem(`code=x&state=${SECRETS.state}`), 'invalid answer')
  })

  await t.test('allows plain http on this machine alone', async (t) => {
    const count = asked.length
    t.equal(await openId.discover('http://id.example.com').catch(reasonOf), 'invalid answer')
    t.equal(asked.length, count)
    answer = () => Response.json({ issuer: 'http://127.0.0.1:8080' })
    t.equal(await openId.discover('http://127.0.0.1:8080').catch(reasonOf), 'invalid answer', 'no endpoints')
    t.equal(asked.at(-1), 'http://127.0.0.1:8080/.well-known/openid-configuration')
  })

  await t.test('takes ways to authenticate as a list alone', async (t) => {
    const { issuer } = METADATA
    const rows: [methods: unknown, outcome: object | string][] = [
      [undefined, { issuer }],
      [['client_secret_post'], { issuer }],
      [{ a: 1 }, 'invalid answer'],
      ['client_secret_post', 'invalid answer'],
      [null, 'invalid answer']
    ]
    for (const [methods, outcome] of rows) {
      answer = () => Response.json({ ...METADATA, token_endpoint_auth_methods_supported: methods })
      t.match(await openId.discover(issuer).catch(reasonOf), outcome, JSON.stringify(methods))
    }
  })
})

import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

type Json = Record<string, unknown>

/** An answer of the issuer; without a status it never comes. */
interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** What a test changes of the answers of the issuer. */
export interface Lies {
  /** Changes the answer of a path. */
  answer?: (path: string, answer: Answer) => Answer | undefined
  /** Changes the claims of the ID token. */
  claims?: (claims: Json) => Json
  /** Changes how the ID token is signed. */
  header?: Json
  signature?: 'none' | 'another key' | 'HS256'
}

/** The user who signs in at the issuer. */
export interface Visitor {
  sub?: unknown
  email?: unknown
  email_verified?: unknown
  auth_time?: unknown
}

/**
 * An OpenID provider on loopback that lies as a test asks it to. It also answers as GitHub does, below the same address.
 */
export async function createIssuer(t: Test, { algorithm = 'ES256' }: { algorithm?: 'ES256' | 'RS256' } = {}) {
  let keys = [createKey(algorithm)]
  const codes = new Map<string, { parameters: URLSearchParams; visitor: Visitor }>()
  const tokens = new Map<string, Visitor>()
  const requests: { path: string; body: string; headers: IncomingHttpHeaders }[] = []
  const issuer = {
    url: '',
    lies: {} as Lies,
    requests,
    /** The number of requests for a path. */
    count: (path: string) => requests.filter((each) => each.path === path).length,

    /** The entry of a providers file. */
    entry: (more: Json = {}) => ({ id: 'test', kind: 'oidc', issuer: issuer.url, ...CLIENT, ...more }),

    /** Signs a visitor in, and returns what the browser brings back. */
    authorize(address: string, visitor: Visitor = { sub: 'ada-1' }): URLSearchParams {
      const parameters = new URL(address).searchParams
      const code = randomUUID()
      codes.set(code, { parameters, visitor: { ...visitor } })
      return new URLSearchParams({ code, state: String(parameters.get('state')) })
    },

    /** Replaces the key that signs. */
    rotate() {
      keys = [createKey(algorithm)]
    },

    /** Publishes another key beside the one that signs. */
    addKey() {
      keys.push(createKey(algorithm))
    }
  }

  function idToken(clientId: string, { sub, ...claims }: Visitor, nonce: string | null): string {
    const { lies } = issuer
    const now = Math.floor(Date.now() / 1000)
    const [key] = keys as [Key]
    const all = { iss: issuer.url, aud: clientId, sub, iat: now, exp: now + 300, nonce, ...claims }
    const given = lies.claims?.(all) ?? all
    const alg = { none: 'none', HS256: 'HS256', 'another key': algorithm, '': algorithm }[lies.signature ?? '']
    const content = [{ alg, kid: key.kid, ...lies.header }, given].map(encode).join('.')
    if (lies.signature === 'none') return `${content}.`
    if (lies.signature === 'HS256') {
      return `${content}.${createHmac('sha256', CLIENT.client_secret).update(content).digest('base64url')}`
    }
    return `${content}.${signWith(lies.signature ? createKey(algorithm).key : key.key, content)}`
  }

  function redeem(body: string, isOpenId: boolean): Answer {
    const form = new URLSearchParams(body)
    const given = codes.get(String(form.get('code')))
    codes.delete(String(form.get('code')))
    const challenge = createHash('sha256')
      .update(String(form.get('code_verifier')))
      .digest('base64url')
    const isRight =
      given?.parameters.get('code_challenge') === challenge &&
      given.parameters.get('redirect_uri') === form.get('redirect_uri')
    // GitHub reports errors with 200.
    if (!given || !isRight) return { status: isOpenId ? 400 : 200, body: { error: 'invalid_grant' } }
    const { parameters, visitor } = given
    const token = randomUUID()
    tokens.set(token, visitor)
    const answer = { access_token: token, token_type: 'bearer' }
    if (!isOpenId) return { status: 200, body: answer }
    const id_token = idToken(String(parameters.get('client_id')), visitor, parameters.get('nonce'))
    return { status: 200, body: { ...answer, id_token } }
  }

  function respond(path: string, body: string, headers: IncomingHttpHeaders): Answer {
    const visitor = tokens.get(String(headers.authorization).slice('Bearer '.length)) ?? {}
    switch (path) {
      case '/.well-known/openid-configuration':
        return { status: 200, body: metadataOf(issuer.url, algorithm) }
      case '/jwks':
        return { status: 200, body: { keys: keys.map(({ jwk }) => jwk) } }
      case '/token':
        return redeem(body, true)
      case '/userinfo':
        return { status: 200, body: visitor }
      case '/login/oauth/access_token':
        return redeem(body, false)
      case '/api/v3/user':
        return { status: 200, body: { id: visitor.sub, login: 'ada', email: 'public@example.com' } }
      case '/api/v3/user/emails?per_page=100':
        return {
          status: 200,
          body: [
            { email: 'second@example.com', primary: false, verified: true },
            { email: visitor.email, primary: true, verified: visitor.email_verified }
          ]
        }
      default:
        return { status: 404, body: { error: 'not found' } }
    }
  }

  const server = createServer(async (request, response) => {
    const path = String(request.url)
    const body = await text(request)
    requests.push({ path, body, headers: request.headers })
    const honest = respond(path, body, request.headers)
    const answer = issuer.lies.answer ? issuer.lies.answer(path, honest) : honest
    // A request without an answer ends with the server.
    if (!answer) return
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return issuer
}

export type Issuer = Awaited<ReturnType<typeof createIssuer>>

/** How this service is known to the issuer. */
export const CLIENT = { client_id: 'latchkey', client_secret: 'a secret of the tests' }

interface Key {
  kid: string
  key: KeyObject
  jwk: object
}

function createKey(algorithm: 'ES256' | 'RS256'): Key {
  const kid = randomUUID()
  const { privateKey, publicKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { kid, key: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } }
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

const signWith = (key: KeyObject, content: string) =>
  sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')

const metadataOf = (url: string, algorithm: string) => ({
  issuer: url,
  authorization_endpoint: `${url}/authorize`,
  token_endpoint: `${url}/token`,
  userinfo_endpoint: `${url}/userinfo`,
  jwks_uri: `${url}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [algorithm]
})

/** Providers on loopback to which a browser is sent: a real OpenID provider, and what GitHub and Apple answer. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { Provider } from 'oidc-provider'
import { CLIENT, createIssuer } from '../../test/helpers/issuer.ts'

/**
 * An OpenID provider (oidc-provider) with a page that asks who signs in. It is not reachable before `start`.
 *
 * @param {number} port
 * @param {Map<string, object>} people their claims, by subject
 */
export function createUpstream(port, people) {
  const issuer = `http://127.0.0.1:${port}`
  let callback
  let server
  const upstream = {
    issuer,
    /** Whether the token endpoint is unavailable. */
    isBroken: false,

    /** @param {string[]} redirectUris those of the client */
    async start(redirectUris) {
      upstream.rotate(redirectUris)
      server = createServer(handle)
      await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
    },

    stop() {
      server?.close().closeAllConnections()
    },

    /** Replaces all keys, and forgets who is signed in. */
    rotate(redirectUris) {
      provider = createProvider(issuer, redirectUris, people)
      callback = provider.callback()
    }
  }
  let provider

  async function handle(request, response) {
    if (upstream.isBroken && request.url === '/token') return response.writeHead(503).end()
    if (!request.url.startsWith('/interaction/')) return callback(request, response)
    if (request.method === 'GET') return response.setHeader('content-type', 'text/html').end(FORM)
    const form = new URLSearchParams(await text(request))
    const result = form.has('cancel') ? { error: 'access_denied' } : { login: { accountId: form.get('account') } }
    await provider.interactionFinished(request, response, result)
  }

  return upstream
}

const FORM = `<!doctype html><title>Provider</title><h1>Provider</h1>
<form method="post"><label>Account <input name="account"></label><button>Sign in</button>
<button name="cancel" value="yes">Cancel</button></form>`

function createProvider(issuer, redirect_uris, people) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const provider = new Provider(issuer, {
    // It announces more than one way to authenticate, and accepts only Basic of this client.
    clients: [{ ...CLIENT, redirect_uris, token_endpoint_auth_method: 'client_secret_basic' }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig' }] },
    cookies: { keys: ['the cookies of the trial'] },
    ttl: { AccessToken: 60, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_context, sub) => people.has(sub) && { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    // Everybody has consented.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid email')
      await grant.save()
      return grant
    }
  })
  return provider
}

/**
 * What GitHub and Apple answer, with a page of one button: it leads back by a redirect, or as a form if that was asked for.
 *
 * @param {(cleanup: () => void) => void} atEnd
 */
export async function createLookalike(atEnd) {
  const issuer = await createIssuer({ teardown: atEnd })
  const lookalike = {
    issuer,
    /** Who signs in next; without one, the person stops. */
    visitor: undefined
  }
  issuer.lies.answer = (path, answer) => {
    if (path.startsWith('/.well-known/')) {
      return { ...answer, body: { ...answer.body, token_endpoint_auth_methods_supported: ['client_secret_post'] } }
    }
    if (!/^\/(?:authorize|login\/oauth\/authorize)\?/.test(path)) return answer
    return { status: 200, headers: { 'content-type': 'text/html' }, body: formOf(`${issuer.url}${path}`) }
  }

  function formOf(address) {
    const { searchParams } = new URL(address)
    const isPost = searchParams.get('response_mode') === 'form_post'
    const state = searchParams.get('state')
    const answer = lookalike.visitor
      ? issuer.authorize(address, lookalike.visitor)
      : new URLSearchParams({ error: isPost ? 'user_cancelled_authorize' : 'access_denied', state })
    // Apple tells the name of a new person beside the answer.
    if (isPost) answer.set('user', JSON.stringify({ name: { firstName: 'Ada', lastName: 'Lovelace' } }))
    const fields = [...answer].map(([name, value]) => `<input type="hidden" name="${name}" value='${value}'>`).join('')
    const form = `<form method="${isPost ? 'post' : 'get'}" action="${searchParams.get('redirect_uri')}">`
    return `<!doctype html><title>Provider</title><h1>Provider</h1>${form}${fields}<button>Continue</button></form>`
  }

  return lookalike
}

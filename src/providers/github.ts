import type { ProviderSettings } from '../config/providers-file.ts'
import { checkOfClient } from './checks.ts'
import { checkSubject } from './id-token.ts'
import { challengeOf, checkIssuer, type ProviderContext, urlOf } from './openid.ts'
import type { Client } from './openid-client.ts'
import { FederationRefusal, type Provider } from './provider.ts'
import { addressOf } from './provider-address.ts'

/** The public website. Others are GitHub Enterprise Servers, whose API is below their own address. */
const PUBLIC = 'https://github.com'

/** Creates GitHub as a provider. It is OAuth 2.0 without OpenID: the user comes from its API. */
export function createGithubProvider(settings: ProviderSettings, context: ProviderContext): Provider {
  const { clientId, issuer, scopes } = settings
  const { openId, redirectUri } = context
  const api = issuer === PUBLIC ? 'https://api.github.com' : `${issuer}/api/v3`
  const us: Client = {
    clientId,
    secret: (settings.client as { secret: string }).secret,
    metadata: {
      issuer: `${issuer}/login/oauth`,
      authorization_endpoint: `${issuer}/login/oauth/authorize`,
      token_endpoint: `${issuer}/login/oauth/access_token`,
      token_endpoint_auth_methods_supported: ['client_secret_post']
    }
  }

  return {
    settings,
    redirectUri,

    // There is no metadata, and no key.
    checks: [checkOfClient(openId, async () => us, { redirectUri, isOpenId: false })],

    async begin({ state, verifier }) {
      return (await openId()).authorizationUrl(us, {
        redirect_uri: redirectUri,
        scope: scopes.join(' '),
        state,
        ...challengeOf(verifier)
      })
    },

    async complete(answer, secrets) {
      checkIssuer(answer, us.metadata)
      const library = await openId()
      const { accessToken } = await library.redeem(us, urlOf(redirectUri, answer), secrets, false)
      const user = await library.fetchJson(us, accessToken, `${api}/user`)
      const email = primaryAddressOf(await library.fetchJson(us, accessToken, `${api}/user/emails?per_page=100`))
      // The login name may be given to another person; the id is never.
      return { issuer, subject: subjectOf(user), ...addressOf(email, settings.trustEmail) }
    }
  }
}

function subjectOf(user: unknown): string {
  const { id } = (user ?? {}) as { id?: unknown }
  if (!Number.isSafeInteger(id) || Number(id) < 1) throw new FederationRefusal('invalid subject')
  return checkSubject(String(id))
}

/** The verified primary address. By default a page of the list has 30 of them. */
function primaryAddressOf(emails: unknown): unknown {
  if (!Array.isArray(emails)) throw new FederationRefusal('invalid answer')
  return emails.find((each) => each?.primary === true && each.verified === true)?.email
}

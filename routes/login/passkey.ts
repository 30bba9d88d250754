import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasskeyLogin } from '../../src/schemas/passkeys.ts'
import { TokensAnswer } from '../../src/schemas/sessions.ts'

const schema = {
  operationId: 'passkeyLogin',
  summary: 'Sign in with a passkey',
  description: `Takes the credential that \`navigator.credentials.get\` returned for the options of
\`/login/passkey/options\`, and creates a session at \`aal2\`: a passkey is two factors by itself.

After PASSKEY_UNKNOWN, a client may signal the browser to remove the passkey
(\`PublicKeyCredential.signalUnknownCredential\`); never after PASSKEY_INVALID.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: PasskeyLogin,
  response: {
    200: TokensAnswer,
    ...refusals(
      ...BODY,
      'PASSKEY_INVALID',
      'PASSKEY_UNKNOWN',
      'EMAIL_UNVERIFIED',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

/** Exists only if PUBLIC_URL can have passkeys. */
const passkey: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, passkeys, signIn, tokens } = fastify
  if (!passkeys) return
  const preHandler = limits.byAddress('passkey login')

  fastify.post('/passkey', { schema, preHandler }, async (request, reply) => {
    const { credential, cookie = false } = request.body
    const owner = await passkeys.identify(request, credential)
    const { session, account } = await signIn.withPasskey(request, reply, { ...owner, inCookie: cookie })
    return tokens.answer(reply, session, account, cookie)
  })
}

export default passkey

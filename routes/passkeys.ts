import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { userHandleOf } from '../src/factors/credentials.ts'
import { listPasskeys } from '../src/factors/passkeys.ts'
import { BEARER, BODY, Identified, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../src/schemas/answers.ts'
import {
  PasskeyAnswer,
  PasskeyChange,
  PasskeyRegistration,
  PasskeysAnswer,
  toPasskey
} from '../src/schemas/passkeys.ts'

const common = { tags: ['passkeys'], security: [{ bearer: [] }], querystring: Nothing }

const listing = {
  ...common,
  operationId: 'listPasskeys',
  summary: 'List the passkeys',
  description: `Lists all passkeys of the user, the oldest first. The list is complete, as
\`PublicKeyCredential.signalAllAcceptedCredentials\` needs it: browsers hide every other passkey of the account.`,
  response: { 200: PasskeysAnswer, ...refusals(...BEARER, 'DATABASE_UNAVAILABLE') }
}

const adding = {
  ...common,
  operationId: 'addPasskey',
  summary: 'Register a passkey',
  description: `Takes the credential that \`navigator.credentials.create\` returned for the options of
\`/passkeys/options\`. An account has at most 20 passkeys. Adding one does not require a second step at sign-in: see
\`PATCH /mfa\`.`,
  body: PasskeyRegistration,
  response: {
    201: PasskeyAnswer,
    ...refusals(...BODY, 'PASSKEY_REJECTED', ...BEARER, 'STEP_UP_REQUIRED', 'FORBIDDEN', 'DATABASE_UNAVAILABLE')
  }
}

const renaming = {
  ...common,
  operationId: 'renamePasskey',
  summary: 'Rename a passkey',
  params: Identified,
  body: PasskeyChange,
  response: { 200: PasskeyAnswer, ...LONG_PATH, ...refusals(...BEARER, ...BODY, 'NOT_FOUND', 'DATABASE_UNAVAILABLE') }
}

const removing = {
  ...common,
  operationId: 'removePasskey',
  summary: 'Delete a passkey',
  description: `Requires a fresh access token. If no factor is left, a second step is no longer required. The last passkey
of an account with neither a password nor a verified address cannot be deleted: LAST_CREDENTIAL.`,
  params: Identified,
  body: NoBody,
  response: {
    ...NO_CONTENT,
    ...LONG_PATH,
    ...refusals(...BEARER, 'STEP_UP_REQUIRED', ...BODY, 'NOT_FOUND', 'LAST_CREDENTIAL', 'DATABASE_UNAVAILABLE')
  }
}

/** Exists only if PUBLIC_URL can have passkeys. */
const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factors, passkeyEnrolment, passkeys, tokens } = fastify
  if (!passkeys || !passkeyEnrolment) return
  const onRequest = tokens.authenticateSession
  const fresh = [onRequest, factors.requireFresh]

  fastify.get('/passkeys', { schema: listing, onRequest }, async ({ database, account }) => ({
    rp_id: passkeys.party.id,
    user_handle: userHandleOf(account.id).toString('base64url'),
    passkeys: (await listPasskeys(database, account.id)).map(toPasskey)
  }))

  fastify.post('/passkeys', { schema: adding, onRequest: fresh }, async (request, reply) => {
    const added = await passkeyEnrolment.add(request, request.body)
    reply.code(201)
    return added
  })

  fastify.patch('/passkeys/:id', { schema: renaming, onRequest }, (request) =>
    passkeyEnrolment.rename(request, request.params.id, request.body.name)
  )

  fastify.delete('/passkeys/:id', { schema: removing, onRequest: fresh }, async (request, reply) => {
    await passkeyEnrolment.remove(request, request.params.id)
    reply.code(204)
  })
}

export default routes

import { STATUS_CODES } from 'node:http'
import { inlined } from '@latchkey/contract/suite/inlined'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { type Test, test } from 'tap'
import { identifier, sql } from '../src/database/sql.ts'
import { addIdentity, listIdentities } from '../src/providers/identities.ts'
import { bearer, build, NO_SERVER, PASSWORD, post } from './helpers/app.ts'
import { createAuthenticator } from './helpers/authenticator.ts'
import { appOf, enrolAsOwner, enrolPasskey } from './helpers/enrolled.ts'
import { letters, tokenOf } from './helpers/letters.ts'
import { machine } from './helpers/operator.ts'
import { addPasskeyTo, ORIGIN, signInOptions } from './helpers/passkeys.ts'

const KEYS = {
  INTROSPECTION_KEY: 'the key of the services, 32 bytes or more',
  METRICS_KEY: 'the key of the operator, 32 bytes or more'
}
const ADA = { username: 'ada', email: 'ada@example.com' }

// biome-ignore lint/suspicious/noExplicitAny: what the document has at a place is what is compared
type Doc = any

interface Example {
  name: string
  operationId: string
  path: string
  method: string
  type: string | undefined
  value: Record<string, unknown> | undefined
  operation: Doc
}

/** What of the examples cannot be known when they are written: tokens and ids are made by the service. */
interface World {
  token: string
  refreshToken: string
  /** The refresh token of the session of the access token. */
  ownRefreshToken: string
  /** The id of a path: of another session, or of what the operation is about. */
  session: string
  user: string
  tokenOfMail?: string
  /** What an authenticator app shows. */
  totp?: string
  /** What a browser answers. */
  credential?: object
  /** The second step of a sign-in, and a recovery code for it. */
  mfaToken?: string
  recoveryCode?: string
  /** The id of a session in a path, beside that of its account, and of a signing key. */
  sessionOfUser?: string
  kid?: string
}

/** What has happened before the example of an operation is sent, beside that ada has registered and signed in. */
const BEFORE: Record<string, (fastify: FastifyInstance, world: World) => Promise<string>> = {
  verifyEmail: (fastify) => tokenOf(fastify, 'verify-email'),
  rejectEmail: (fastify) => tokenOf(fastify, 'verify-email'),
  async resetPassword(fastify) {
    await letters(fastify)
    await post(fastify, '/password/forgot', { email: ADA.email })
    return tokenOf(fastify, 'reset-password')
  },
  async confirmEmailChange(fastify, { token }) {
    await letters(fastify)
    const change = { new_email: 'ada.lovelace@example.com', current_password: PASSWORD }
    await post(fastify, '/email/change', change, bearer(token))
    return tokenOf(fastify, 'confirm-new-email')
  },
  async undoEmailChange(fastify, world) {
    const verification = await tokenOf(fastify, 'verify-email')
    await post(fastify, '/email/verify', { token: verification, password: PASSWORD })
    const confirmation = await BEFORE.confirmEmailChange?.(fastify, world)
    await post(fastify, '/email/change/confirm', { token: confirmation })
    return tokenOf(fastify, 'email-changed')
  },
  async changeFactors(fastify, world) {
    await enrolPasskey(fastify.database.open(), world.user)
    return ''
  },
  async removeTotp(fastify, world) {
    await enrolAsOwner(fastify, world.token)
    // The access token in hand is from before the second step.
    world.token = (await post(fastify, '/token/refresh', { refresh_token: world.ownRefreshToken })).json().access_token
    return ''
  },
  async confirmTotp(fastify, world) {
    const { secret } = (await post(fastify, '/mfa/totp', undefined, bearer(world.token))).json()
    world.totp = appOf(secret)()
    return ''
  },
  async addPasskey(fastify, world) {
    const { public_key } = (await post(fastify, '/passkeys/options', {}, bearer(world.token))).json()
    world.credential = createAuthenticator(ORIGIN).create(public_key)
    return ''
  },
  async renamePasskey(fastify, world) {
    world.session = (await addPasskeyTo(fastify, world.token)).response.json().id
    return ''
  },
  async removePasskey(fastify, world) {
    world.session = (await addPasskeyTo(fastify, world.token)).response.json().id
    return ''
  },
  async unlinkIdentity(fastify, world) {
    const database = fastify.database.open()
    const identity = { issuer: 'https://id.example.com', subject: 'ada', emailIsVerified: false }
    await addIdentity(database, world.user, 'example', identity)
    world.session = String((await listIdentities(database, world.user))[0]?.id)
    return ''
  },
  async passkeyLogin(fastify, world) {
    const { authenticator } = await addPasskeyTo(fastify, world.token)
    world.credential = authenticator.get(await signInOptions(fastify))
    return ''
  },
  async secondStep(fastify, world) {
    const { show, codes } = await enrolAsOwner(fastify, world.token)
    const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    Object.assign(world, { mfaToken: login.json().challenge.mfa_token, totp: show(1), recoveryCode: codes[0] })
    return ''
  },
  async stepUp(fastify, world) {
    const { show } = await enrolAsOwner(fastify, world.token)
    await fastify.database.open().query(sql`UPDATE users SET mfa_required = false`)
    world.totp = show(1)
    return ''
  },
  async makeRecoveryCodes(fastify, world) {
    await enrolPasskey(fastify.database.open(), world.user)
    return ''
  },
  async adminRotateKeys(fastify) {
    await fastify.database.open().query(sql`DELETE FROM signing_keys WHERE sign_from > now()`)
    return ''
  },
  async adminRevokeKey(fastify, world) {
    await BEFORE.adminRotateKeys?.(fastify, world)
    world.kid = (await fastify.keys.rotate()).kid
    return ''
  },
  async adminRotateServiceKey(fastify, world) {
    world.session = (await machine(fastify, ['users:read'], 'to be renewed')).id
    return ''
  },
  async adminRevokeServiceKey(fastify, world) {
    world.session = (await machine(fastify, ['users:read'], 'to be revoked')).id
    return ''
  },
  async finishRegistration(fastify) {
    await post(fastify, '/register', { email: ADA.email })
    return tokenOf(fastify, 'finish-registration')
  }
}

/** Each request of the document: one an example of its body, and one where it has no body. */
function examplesOf(document: Doc): Example[] {
  return Object.entries<Doc>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Doc>(methods).flatMap(([method, operation]): Example[] => {
      const { operationId } = operation
      const one = { name: `${method.toUpperCase()} ${path}`, operationId, path, method, operation }
      if (!operation.requestBody) return [{ ...one, type: undefined, value: undefined }]
      return Object.entries<Doc>(operation.requestBody.content).flatMap(([type, media]) => {
        const values: Doc[] = media.examples
          ? Object.values<Doc>(media.examples).map(({ value }) => value)
          : [media.example]
        return values.map((value, index) => ({ ...one, name: `${one.name}, ${type}, ${index + 1}`, type, value }))
      })
    })
  )
}

/** An account as the examples have it, signed in. */
async function prepare(fastify: FastifyInstance, { operationId }: Example): Promise<World> {
  for (const table of ['users', 'resting_usernames', 'mails', 'limits', 'service_keys'])
    await fastify.database.open().query(sql`DELETE FROM ${identifier(table)}`)
  const world: World = { token: '', refreshToken: '', ownRefreshToken: '', session: '', user: '' }
  if (operationId !== 'register' && operationId !== 'finishRegistration') {
    world.user = (await post(fastify, '/register', { ...ADA, password: PASSWORD })).json().id
    // Another session than that of the access token, to be ended.
    const [first, second] = [1, 2].map(() => post(fastify, '/login', { username: 'ada', password: PASSWORD }))
    Object.assign(world, {
      token: (await first)?.json().access_token,
      ownRefreshToken: (await first)?.json().refresh_token,
      refreshToken: (await second)?.json().refresh_token
    })
    world.session = (await fastify.tokens.verify((await second)?.json().access_token)).sid
  }
  if (operationId.startsWith('admin')) await prepareAdministration(fastify, world)
  const tokenOfMail = await BEFORE[operationId]?.(fastify, world)
  return { ...world, ...(tokenOfMail !== undefined && { tokenOfMail }) }
}

/** Ada is an administrator, and what she does is about another account. */
async function prepareAdministration(fastify: FastifyInstance, world: World): Promise<void> {
  await fastify.database.open().query(sql`UPDATE users SET roles = '{admin}' WHERE id = ${world.user}`)
  const names = { username: 'bob', email: 'bob@example.com' }
  const { id } = (await post(fastify, '/register', { ...names, password: PASSWORD })).json()
  const { access_token } = (await post(fastify, '/login', { username: 'bob', password: PASSWORD })).json()
  const { sid } = await fastify.tokens.verify(access_token)
  Object.assign(world, { session: id, sessionOfUser: sid })
}

function request({ path, method, type, value, operation }: Example, world: World): InjectOptions {
  const [{ introspection, metrics, bearer: token } = {} as Doc] = operation.security ?? []
  const key = (introspection && KEYS.INTROSPECTION_KEY) ?? (metrics && KEYS.METRICS_KEY) ?? (token && world.token)
  const url = (operation.parameters ?? []).reduce((url: string, { name, example, schema, in: place }: Doc) => {
    const ids: Record<string, string | undefined> = { id: world.session, session: world.sessionOfUser, kid: world.kid }
    return place === 'path' ? url.replace(`{${name}}`, ids[name] ?? example ?? schema.examples[0]) : url
  }, path)
  const replaced = value && {
    ...value,
    ...('credential' in value && { credential: world.credential ?? value.credential }),
    ...('totp' in value && { totp: world.totp ?? value.totp }),
    ...('mfa_token' in value && { mfa_token: world.mfaToken }),
    ...('recovery_code' in value && { recovery_code: world.recoveryCode ?? value.recovery_code }),
    ...('token' in value && { token: world.tokenOfMail ?? world.refreshToken }),
    ...('refresh_token' in value && { refresh_token: world.refreshToken })
  }
  return {
    method: method.toUpperCase() as 'GET',
    url,
    headers: { ...(key && bearer(key)), ...(type && { 'content-type': type }) },
    ...(replaced && {
      payload: type === 'application/json' ? JSON.stringify(replaced) : new URLSearchParams(replaced as Doc).toString()
    })
  }
}

async function start(t: Test, environment: Record<string, string> = {}) {
  const fastify = await build(t, {
    environment: { ...KEYS, ...NO_SERVER, APP_URL: 'https://app.example.com', ...environment }
  })
  const document = inlined((await fastify.inject('/openapi.json')).json())
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  // @ts-expect-error: the package's types say that its default export is a module
  formats(ajv)
  // Most refusals are those of many operations.
  const validators = new Map<string, ValidateFunction>()
  const validatorOf = (schema: object, text = JSON.stringify(schema)) => {
    const validate = validators.get(text) ?? ajv.compile(schema)
    validators.set(text, validate)
    return validate
  }
  const fault = (schema: object, value: unknown) => {
    const validate = validatorOf(schema)
    return validate(value) ? undefined : validate.errors
  }
  return { fastify, document, fault }
}

test('each example of a request, sent as it is, is answered as the document shows', async (t) => {
  const modes: [environment: Record<string, string>, isMeant: (example: Example) => boolean][] = [
    [{}, () => true],
    [{ REQUIRE_VERIFIED_EMAIL: 'on' }, ({ operationId }) => operationId === 'register'],
    [{ HIDE_ACCOUNTS: 'on' }, ({ path }) => path.startsWith('/register')]
  ]
  for (const [environment, isMeant] of modes) {
    const { fastify, document, fault } = await start(t, environment)
    const examples = examplesOf(document).filter(isMeant)
    t.ok(examples.length > 0)
    for (const example of examples) {
      await t.test(`${example.name} ${JSON.stringify(environment)}`, async (t) => {
        const { type, value, operation } = example
        if (type) {
          t.ok(value, 'has an example')
          t.equal(fault(operation.requestBody.content[type].schema, value), undefined)
        }
        const [status = ''] = Object.keys(operation.responses)
        const response = await fastify.inject(request(example, await prepare(fastify, example)))
        t.equal(response.statusCode, Number(status), response.body.slice(0, 200))
        const media = Object.keys(operation.responses[status].content ?? {})
        t.equal(media.length > 0, response.body !== '', 'has a body where one is shown')
        if (media.length > 0) t.ok(media.includes(String(response.headers['content-type']).split(';')[0] as string))
        if (!media.includes('application/json')) return
        t.equal(fault(operation.responses[status].content['application/json'].schema, response.json()), undefined)
      })
    }
  }
})

test('each example of an answer is one', async (t) => {
  const { document, fault } = await start(t)
  for (const [path, methods] of Object.entries<Doc>(document.paths)) {
    for (const [method, { responses }] of Object.entries<Doc>(methods)) {
      for (const [status, { content = {}, description }] of Object.entries<Doc>(responses)) {
        for (const media of Object.values<Doc>(content)) {
          const named = Object.values<Doc>(media.examples ?? {}).map(({ value }) => value)
          const values = media.examples ? named : [media.example]
          for (const value of values.filter((each) => each !== undefined)) {
            t.equal(fault(media.schema, value), undefined, `${method} ${path} ${status}`)
            if (Number(status) < 400) continue
            t.match(value, { statusCode: Number(status), error: STATUS_CODES[status] })
            t.ok(description.split(', ').includes(value.code))
          }
        }
      }
    }
  }
})

// Prints the CPU time that a token costs, beside other libraries. On Node 22.18 and later: node packages/verify/bench.ts;
// before: node --import ./test/helpers/typescript.mjs packages/verify/bench.ts (tsx would name every function again).
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import jwt from '@fastify/jwt'
import express, { type Request } from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import fastifyJwtJwks from 'fastify-jwt-jwks'
import buildGetJwks from 'get-jwks'
import latchkeyVerify from './src/fastify.ts'
import { createVerifier } from './src/index.ts'
import { claimsOf, createKey, issue } from './test/issuer.ts'

/** Tokens of a round. The best of the rounds counts: whatever else the machine does only makes it slower. */
const TOKENS = 500
const ROUNDS = 5

/** How long tokens that come again are measured in a round. */
const AGAIN_MICROSECONDS = 50_000

/** Verifies the token of an Authorization header, or throws. */
type Verify = (authorization: string) => unknown

const key = createKey()
const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [key.publicJwk] })))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const jwksUri = `${issuer}/.well-known/jwks.json`
const audience = issuer

const issueToken = () =>
  issue(key, { ...claimsOf(Math.floor(Date.now() / 1000)), iss: issuer, aud: audience, client_id: issuer })

/** A header in a string of its own, as it comes with each request: its hash has to be computed again. */
const headerOf = (token: string) => Buffer.from(`Bearer ${token}`).toString('latin1')

/** A request whose Authorization header is set for each token, so that only the verification is measured. */
async function requestOf(fastify: FastifyInstance): Promise<FastifyRequest> {
  let found: FastifyRequest | undefined
  fastify.get('/', async (request) => {
    found = request
    return ''
  })
  await fastify.inject('/')
  return found as FastifyRequest
}

async function latchkeyCore(): Promise<Verify> {
  const { verify } = createVerifier({ issuer })
  return (authorization) => verify(authorization.slice('Bearer '.length))
}

async function latchkeyHook(): Promise<Verify> {
  const fastify = Fastify()
  await fastify.register(latchkeyVerify, { issuer })
  const hook = fastify.authorize()
  const request = await requestOf(fastify)
  let refused = (_error: Error) => {}
  const reply = { code: (status: number) => ({ headers: () => ({ send: () => refused(new Error(String(status))) }) }) }
  return (authorization) => {
    request.raw.rawHeaders = ['host', 'localhost', 'user-agent', 'bench', 'authorization', authorization]
    let isDone = false
    let resolve = () => {}
    hook(request, reply as never, () => {
      isDone = true
      resolve()
    })
    if (isDone) return undefined
    return new Promise<void>((onDone, onRefused) => {
      resolve = onDone
      refused = onRefused
    })
  }
}

async function fastifyJwtWithGetJwks(): Promise<Verify> {
  const getJwks = buildGetJwks({ issuersWhitelist: [issuer], jwksPath: '/.well-known/jwks.json' })
  const fastify = Fastify()
  await fastify.register(jwt, {
    decode: { complete: true },
    secret: (_request: FastifyRequest, token: { header: { kid: string; alg: string }; payload: { iss: string } }) =>
      getJwks.getPublicKey({ kid: token.header.kid, alg: token.header.alg, domain: token.payload.iss }),
    verify: { algorithms: ['ES256'], allowedIss: issuer, allowedAud: audience }
  } as never)
  const request = await requestOf(fastify)
  return (authorization) => {
    request.raw.headers = { authorization }
    return request.jwtVerify()
  }
}

async function jwtJwks(): Promise<Verify> {
  const fastify = Fastify()
  await fastify.register(fastifyJwtJwks as never, { jwksUrl: jwksUri, issuer, audience } as never)
  const request = await requestOf(fastify)
  const { authenticate } = fastify as unknown as { authenticate: (request: FastifyRequest) => Promise<void> }
  return (authorization) => {
    request.raw.headers = { authorization }
    return authenticate(request)
  }
}

async function oauth2JwtBearer(): Promise<Verify> {
  const handler = auth({ issuer, jwksUri, audience, tokenSigningAlg: 'ES256', strict: true })
  const app = express()
  let request: Request | undefined
  app.get('/', (found, response) => {
    request = found
    response.end()
  })
  const listening = app.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  await fetch(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`)
  listening.close()
  return (authorization) => {
    const found = request as Request
    found.headers.authorization = authorization
    return new Promise<void>((resolve, reject) => {
      handler(found, {} as never, (error?: unknown) => (error ? reject(error) : resolve()))
    })
  }
}

const SUBJECTS: [name: string, create: () => Promise<Verify>][] = [
  ['@latchkey/verify', latchkeyCore],
  ['@latchkey/verify/fastify', latchkeyHook],
  ['get-jwks with @fastify/jwt', fastifyJwtWithGetJwks],
  ['express-oauth2-jwt-bearer', oauth2JwtBearer],
  ['fastify-jwt-jwks', jwtJwks]
]

/** CPU time of all threads, in microseconds. */
async function measure(verify: Verify, tokens: string[]): Promise<number> {
  const headers = tokens.map(headerOf)
  const before = process.cpuUsage()
  for (const header of headers) {
    const verified = verify(header)
    if (verified instanceof Promise) await verified
  }
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** The same for one token that comes again, over passes that are long enough to be measured. */
async function measureAgain(verify: Verify, tokens: string[]): Promise<number> {
  let microseconds = 0
  let passes = 0
  for (; microseconds < AGAIN_MICROSECONDS; passes++) microseconds += await measure(verify, tokens)
  return microseconds / passes / tokens.length
}

process.stdout.write(`CPU time for a token in µs, the best of ${ROUNDS} rounds; Node ${process.version}\n\n`)
process.stdout.write('| | seen for the first time | seen before |\n|---|---|---|\n')
for (const [name, create] of SUBJECTS) {
  const verify = await create()
  const refused = await Promise.resolve(verify(headerOf(issueToken()))).then(
    () => undefined,
    (error: Error) => error.message
  )
  if (refused !== undefined) {
    process.stdout.write(`| ${name} | cannot verify ES256: "${refused}" | |\n`)
    continue
  }
  const first: number[] = []
  const again: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const tokens = Array.from({ length: TOKENS }, issueToken)
    first.push((await measure(verify, tokens)) / tokens.length)
    again.push(await measureAgain(verify, tokens))
  }
  process.stdout.write(`| ${name} | ${Math.min(...first).toFixed(0)} | ${Math.min(...again).toFixed(2)} |\n`)
}
server.close().closeAllConnections()

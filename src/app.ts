import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import audit from '../plugins/audit.ts'
import clock from '../plugins/clock.ts'
import config from '../plugins/config.ts'
import database from '../plugins/database/database.ts'
import pg from '../plugins/database/pg.ts'
import emailLinks from '../plugins/flows/email-links.ts'
import signIn from '../plugins/flows/sign-in.ts'
import allowedMethods from '../plugins/http/allowed-methods.ts'
import clientAddress from '../plugins/http/client-address.ts'
import cors from '../plugins/http/cors.ts'
import disconnected from '../plugins/http/disconnected.ts'
import documents from '../plugins/http/documents.ts'
import errors from '../plugins/http/errors.ts'
import headers from '../plugins/http/headers.ts'
import jsonBody from '../plugins/http/json-body.ts'
import localOnly from '../plugins/http/local-only.ts'
import noBody from '../plugins/http/no-body.ts'
import notFound from '../plugins/http/not-found.ts'
import operatorOnly from '../plugins/http/operator-only.ts'
import requestRules from '../plugins/http/request-rules.ts'
import typedEmail from '../plugins/http/typed-email.ts'
import jwt from '../plugins/keys/jwt.ts'
import keyRing from '../plugins/keys/key-ring.ts'
import keyRules from '../plugins/keys/key-rules.ts'
import deviceCookie from '../plugins/limits/device-cookie.ts'
import limits from '../plugins/limits/limits.ts'
import emailTokenPurge from '../plugins/mail/email-token-purge.ts'
import mailRequests from '../plugins/mail/mail-requests.ts'
import mailer from '../plugins/mail/mailer.ts'
import outbox from '../plugins/mail/outbox.ts'
import metrics from '../plugins/observability/metrics.ts'
import tracing from '../plugins/observability/tracing.ts'
import linkPages from '../plugins/pages/link-pages.ts'
import mailPages from '../plugins/pages/mail-pages.ts'
import pageRoutes from '../plugins/pages/page-routes.ts'
import pages from '../plugins/pages/pages.ts'
import passwords from '../plugins/passwords.ts'
import openapi from '../plugins/schemas/openapi.ts'
import serializers from '../plugins/schemas/serializers.ts'
import deriveKey from '../plugins/secrets/derive-key.ts'
import secrets from '../plugins/secrets/secrets.ts'
import refreshCookie from '../plugins/sessions/refresh-cookie.ts'
import refreshTokens from '../plugins/sessions/refresh-tokens.ts'
import sessionPurge from '../plugins/sessions/session-purge.ts'
import sessionRules from '../plugins/sessions/session-rules.ts'
import tokens from '../plugins/sessions/tokens.ts'
import accessTokens from '../plugins/tokens/access-tokens.ts'
import authenticate from '../plugins/tokens/authenticate.ts'
import authenticateSession from '../plugins/tokens/authenticate-session.ts'
import introspection from '../plugins/tokens/introspection.ts'
import backlog from '../plugins/transport/backlog.ts'
import coalescing from '../plugins/transport/coalescing.ts'
import pressure from '../plugins/transport/pressure.ts'
import stalledSockets from '../plugins/transport/stalled-sockets.ts'
import stopping from '../plugins/transport/stopping.ts'
import transport from '../plugins/transport/transport.ts'
import restingUsernamePurge from '../plugins/users/resting-username-purge.ts'
import welcome from '../plugins/welcome.ts'
import type { AppOptions } from './app-options.ts'

export { serverOptions as options } from './transport/server-options.ts'

/** In the order in which they are registered, and in which those that have hooks for one moment run them. */
const PLUGINS: FastifyPluginCallback<AppOptions>[] = [
  // What the process has: time, settings, the database, secrets and keys.
  clock,
  config,
  pg,
  database,
  secrets,
  keyRules,
  keyRing,
  deriveKey,
  jwt,
  accessTokens,
  // What every request passes. Their hooks run in this order, which is the order of refusal.
  clientAddress,
  audit,
  headers,
  stopping,
  backlog,
  coalescing,
  errors,
  allowedMethods,
  cors,
  transport,
  notFound,
  pressure,
  // How requests are read and answers are written.
  requestRules,
  openapi,
  serializers,
  jsonBody,
  noBody,
  documents,
  typedEmail,
  disconnected,
  localOnly,
  operatorOnly,
  // Accounts and sessions.
  sessionRules,
  authenticate,
  authenticateSession,
  refreshCookie,
  refreshTokens,
  tokens,
  introspection,
  deviceCookie,
  limits,
  passwords,
  signIn,
  // Mail and pages.
  mailer,
  outbox,
  mailRequests,
  emailLinks,
  pages,
  pageRoutes,
  linkPages,
  mailPages,
  // What is done now and then, and what is told.
  emailTokenPurge,
  restingUsernamePurge,
  sessionPurge,
  stalledSockets,
  metrics,
  tracing,
  welcome
]

/** What steers and measures a server of our own. */
const OF_OUR_SERVER: ReadonlySet<(typeof PLUGINS)[number]> = new Set([
  stopping,
  backlog,
  coalescing,
  transport,
  pressure,
  stalledSockets,
  metrics,
  tracing,
  welcome
])

/** The application: what it has (plugins/), then what it may be asked (routes/). */
export default async function app(fastify: FastifyInstance, given: AppOptions): Promise<void> {
  registerPlugins(fastify, given)
  await fastify.register(autoload, { dir: fileURLToPath(new URL('../routes', import.meta.url)) })
}

/** What the application has, without what it may be asked. */
export function registerPlugins(fastify: FastifyInstance, given: AppOptions): void {
  const plugins = given.insideAnother ? PLUGINS.filter((plugin) => !OF_OUR_SERVER.has(plugin)) : PLUGINS
  for (const plugin of plugins) fastify.register(plugin, given)
}

import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import adminChanges from '../plugins/admin/changes.ts'
import adminConsole from '../plugins/admin/console.ts'
import adminGate from '../plugins/admin/gate.ts'
import setup from '../plugins/admin/setup.ts'
import adminStatistics from '../plugins/admin/statistics.ts'
import adminUsers from '../plugins/admin/users.ts'
import audit from '../plugins/audit.ts'
import clock from '../plugins/clock.ts'
import config from '../plugins/config.ts'
import database from '../plugins/database/database.ts'
import pg from '../plugins/database/pg.ts'
import ceremonies from '../plugins/factors/ceremonies.ts'
import factors from '../plugins/factors/factors.ts'
import passkeys from '../plugins/factors/passkeys.ts'
import factorPurge from '../plugins/factors/purge.ts'
import recoveryCodes from '../plugins/factors/recovery-codes.ts'
import totp from '../plugins/factors/totp.ts'
import emailLinks from '../plugins/flows/email-links.ts'
import factorEnrolment from '../plugins/flows/factor-enrolment.ts'
import federation from '../plugins/flows/federation.ts'
import identities from '../plugins/flows/identities.ts'
import ownAccount from '../plugins/flows/own-account.ts'
import ownPassword from '../plugins/flows/own-password.ts'
import ownSessions from '../plugins/flows/own-sessions.ts'
import passkeyEnrolment from '../plugins/flows/passkey-enrolment.ts'
import registration from '../plugins/flows/registration.ts'
import signIn from '../plugins/flows/sign-in.ts'
import stepUp from '../plugins/flows/step-up.ts'
import allowedMethods from '../plugins/http/allowed-methods.ts'
import clientAddress from '../plugins/http/client-address.ts'
import cors from '../plugins/http/cors.ts'
import disconnected from '../plugins/http/disconnected.ts'
import documents from '../plugins/http/documents.ts'
import errors from '../plugins/http/errors.ts'
import headers from '../plugins/http/headers.ts'
import jsonBody from '../plugins/http/json-body.ts'
import noBody from '../plugins/http/no-body.ts'
import notFound from '../plugins/http/not-found.ts'
import requestRules from '../plugins/http/request-rules.ts'
import jwt from '../plugins/keys/jwt.ts'
import keys from '../plugins/keys/keys.ts'
import limits from '../plugins/limits/limits.ts'
import emailTokenPurge from '../plugins/mail/email-token-purge.ts'
import mail from '../plugins/mail/mail.ts'
import metrics from '../plugins/observability/metrics.ts'
import tracing from '../plugins/observability/tracing.ts'
import pageSessions from '../plugins/pages/page-sessions.ts'
import pages from '../plugins/pages/pages.ts'
import passwords from '../plugins/passwords.ts'
import federationCookies from '../plugins/providers/federation-cookies.ts'
import providers from '../plugins/providers/providers.ts'
import openapi from '../plugins/schemas/openapi.ts'
import serializers from '../plugins/schemas/serializers.ts'
import deriveKey from '../plugins/secrets/derive-key.ts'
import secrets from '../plugins/secrets/secrets.ts'
import sessionPurge from '../plugins/sessions/session-purge.ts'
import sessions from '../plugins/sessions/sessions.ts'
import serviceKeys from '../plugins/tokens/service-keys.ts'
import tokens from '../plugins/tokens/tokens.ts'
import admission from '../plugins/transport/admission.ts'
import coalescing from '../plugins/transport/coalescing.ts'
import draining from '../plugins/transport/draining.ts'
import loadShedding from '../plugins/transport/load-shedding.ts'
import stalledSockets from '../plugins/transport/stalled-sockets.ts'
import transport from '../plugins/transport/transport.ts'
import restingUsernamePurge from '../plugins/users/resting-username-purge.ts'
import welcome from '../plugins/welcome.ts'
import type { AppOptions } from './app-options.ts'

export { serverOptions as options } from './transport/server-options.ts'

/** The plugins in the order of registration, which is also the order in which their hooks of one kind run. */
const PLUGINS: FastifyPluginCallback<AppOptions>[] = [
  // The foundations: time, settings, the database and keys.
  clock,
  config,
  ceremonies,
  providers,
  pg,
  database,
  secrets,
  keys,
  deriveKey,
  jwt,
  // Hooks on every request. Those that refuse requests do so in this order.
  clientAddress,
  audit,
  headers,
  draining,
  admission,
  coalescing,
  errors,
  allowedMethods,
  cors,
  transport,
  notFound,
  loadShedding,
  // Reading requests and writing answers.
  requestRules,
  openapi,
  serializers,
  jsonBody,
  noBody,
  documents,
  disconnected,
  // Accounts and sessions.
  sessions,
  tokens,
  limits,
  serviceKeys,
  passwords,
  ownPassword,
  mail,
  factors,
  totp,
  recoveryCodes,
  passkeys,
  federationCookies,
  // What users do: register, sign in, change their account, follow links in mails; and the pages for it.
  registration,
  signIn,
  stepUp,
  ownAccount,
  ownSessions,
  factorEnrolment,
  passkeyEnrolment,
  identities,
  emailLinks,
  pageSessions,
  federation,
  pages,
  // What operators and machines do.
  adminGate,
  adminChanges,
  adminUsers,
  adminStatistics,
  adminConsole,
  // Periodic work, and observation.
  emailTokenPurge,
  restingUsernamePurge,
  factorPurge,
  sessionPurge,
  stalledSockets,
  metrics,
  tracing,
  welcome,
  setup
]

/**
 * The plugins that control and observe the HTTP server: those of two rooms, and the welcome. For a server of our own.
 */
const OF_OUR_SERVER: ReadonlySet<(typeof PLUGINS)[number]> = new Set([
  draining,
  admission,
  coalescing,
  transport,
  loadShedding,
  stalledSockets,
  metrics,
  tracing,
  welcome
])

/** Registers the whole application: plugins/, then routes/. */
export default async function app(fastify: FastifyInstance, given: AppOptions): Promise<void> {
  registerPlugins(fastify, given)
  const dir = fileURLToPath(new URL('../routes', import.meta.url))
  fastify.register(autoload, ({ config }) => (config.ADMIN === 'on' ? { dir } : { dir, ignoreFilter: '/admin/' }))
}

/** Registers the plugins alone: the application without routes. */
export function registerPlugins(fastify: FastifyInstance, given: AppOptions): void {
  const plugins = given.insideAnother ? PLUGINS.filter((plugin) => !OF_OUR_SERVER.has(plugin)) : PLUGINS
  for (const plugin of plugins) fastify.register(plugin, given)
}

import { fileURLToPath } from 'node:url'
import type { PGlite } from '@electric-sql/pglite'
import autoload from '@fastify/autoload'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import accessTokens from '../plugins/access-tokens.ts'
import allowedMethods from '../plugins/allowed-methods.ts'
import audit from '../plugins/audit.ts'
import authenticate from '../plugins/authenticate.ts'
import authenticateSession from '../plugins/authenticate-session.ts'
import backlog from '../plugins/backlog.ts'
import clientAddress from '../plugins/client-address.ts'
import clock from '../plugins/clock.ts'
import coalescing from '../plugins/coalescing.ts'
import config from '../plugins/config.ts'
import cors from '../plugins/cors.ts'
import database from '../plugins/database.ts'
import deviceCookie from '../plugins/device-cookie.ts'
import disconnected from '../plugins/disconnected.ts'
import documents from '../plugins/documents.ts'
import emailLinks from '../plugins/email-links.ts'
import emailTokenPurge from '../plugins/email-token-purge.ts'
import errors from '../plugins/errors.ts'
import headers from '../plugins/headers.ts'
import introspection from '../plugins/introspection.ts'
import jsonBody from '../plugins/json-body.ts'
import jwt from '../plugins/jwt.ts'
import keyRing from '../plugins/key-ring.ts'
import keyRules from '../plugins/key-rules.ts'
import limits from '../plugins/limits.ts'
import linkPages from '../plugins/link-pages.ts'
import localOnly from '../plugins/local-only.ts'
import mailPages from '../plugins/mail-pages.ts'
import mailRequests from '../plugins/mail-requests.ts'
import mailer from '../plugins/mailer.ts'
import metrics from '../plugins/metrics.ts'
import noBody from '../plugins/no-body.ts'
import notFound from '../plugins/not-found.ts'
import openapi from '../plugins/openapi.ts'
import operatorOnly from '../plugins/operator-only.ts'
import outbox from '../plugins/outbox.ts'
import pageRoutes from '../plugins/page-routes.ts'
import pages from '../plugins/pages.ts'
import passwords from '../plugins/passwords.ts'
import pg from '../plugins/pg.ts'
import pressure from '../plugins/pressure.ts'
import refreshCookie from '../plugins/refresh-cookie.ts'
import refreshTokens from '../plugins/refresh-tokens.ts'
import restingUsernamePurge from '../plugins/resting-username-purge.ts'
import rootSecret from '../plugins/root-secret.ts'
import secrets from '../plugins/secrets.ts'
import serializers from '../plugins/serializers.ts'
import sessionPurge from '../plugins/session-purge.ts'
import sessionRules from '../plugins/session-rules.ts'
import stalledSockets from '../plugins/stalled-sockets.ts'
import stopping from '../plugins/stopping.ts'
import tokens from '../plugins/tokens.ts'
import tracing from '../plugins/tracing.ts'
import transport from '../plugins/transport.ts'
import typedEmail from '../plugins/typed-email.ts'
import welcome from '../plugins/welcome.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'

export { serverOptions as options } from './server-options.ts'

/** What a test gives the application instead of the process's own. */
export interface AppOptions {
  config?: Config
  clock?: Clock
  /** An open embedded database, in place of the one in DATA_DIR. */
  pglite?: PGlite
  /** Whether the database has to be there with its schema and its secret: a command makes none of them. */
  existing?: boolean
  /** How often the record is written, in milliseconds. */
  recordEvery?: number
  /** Refuse nothing for taking long: a test must pass on a machine of any speed. */
  unhurried?: boolean
  /** How often the outbox is looked into, in milliseconds. */
  mailEvery?: number
  /** Where somebody may be sitting who starts the service. */
  terminal?: { isTTY?: boolean; write(text: string): unknown }
}

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
  rootSecret,
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

/** The application: what it has (plugins/), then what it may be asked (routes/). */
export default async function app(fastify: FastifyInstance, given: AppOptions): Promise<void> {
  registerPlugins(fastify, given)
  await fastify.register(autoload, { dir: fileURLToPath(new URL('../routes', import.meta.url)) })
}

/** What the application has, without what it may be asked. */
export function registerPlugins(fastify: FastifyInstance, given: AppOptions): void {
  for (const plugin of PLUGINS) fastify.register(plugin, given)
}

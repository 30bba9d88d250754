import fp from 'fastify-plugin'
import type { Mail } from '../../plugins/mail/mail.ts'

/** In place of the plugin of mail, for an application of a few plugins: what of `fastify.mail` they use. */
export const withMail = (mail: Partial<Mail>) =>
  fp(async (fastify) => void fastify.decorate('mail', mail as Mail), { name: 'mail' })

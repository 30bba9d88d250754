import type { FastifyInstance } from 'fastify'
import { sql } from '../../src/database/sql.ts'
import { compose, type Draft } from '../../src/mail/compose.ts'
import type { Mail } from '../../src/mail/mails.ts'
import { resolveRequests } from '../../src/mail/requests.ts'

/** The mails in the outbox, the oldest first. */
export function waiting(fastify: FastifyInstance): Promise<Mail[]> {
  return fastify.database
    .open()
    .query<Mail & Record<string, unknown>>(
      sql`SELECT id, kind, recipient, user_id, data, attempts FROM mails ORDER BY created_at, id`
    )
}

/** What the service would send for a mail now. */
export async function write(fastify: FastifyInstance, mail: Mail): Promise<Draft | undefined> {
  const key = fastify.deriveKey('email tokens')
  await resolveRequests(fastify.database.open())
  const resolved = (await waiting(fastify)).find(({ id }) => id === mail.id)
  return compose(fastify.database.open(), key, resolved ?? mail)
}

/** Removes all mails from the outbox, due or not, and returns what would have been sent, the oldest first. */
export async function letters(fastify: FastifyInstance): Promise<Draft[]> {
  const drafts: Draft[] = []
  await resolveRequests(fastify.database.open())
  for (const mail of await waiting(fastify)) {
    const draft = await write(fastify, mail)
    if (draft) drafts.push(draft)
    await fastify.database.open().query(sql`DELETE FROM mails WHERE id = ${mail.id}`)
  }
  return drafts
}

/** The token of the only mail in the outbox. */
export async function tokenOf(fastify: FastifyInstance, template: string): Promise<string> {
  const [draft, ...more] = await letters(fastify)
  if (draft?.template !== template || more.length > 0 || !draft.token) {
    throw new Error(`not one ${template}, but ${[draft, ...more].map((each) => each?.template)}`)
  }
  return draft.token
}

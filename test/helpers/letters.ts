import type { FastifyInstance } from 'fastify'
import { sql } from '../../src/database/sql.ts'
import { compose } from '../../src/mail/compose.ts'
import type { Letter } from '../../src/mail/letters.ts'
import { answerQuestions, type Mail } from '../../src/outbox/outbox.ts'

/** A letter, whatever its kind. */
export type AnyLetter = Letter & { token?: string }

/** The mails that wait, the oldest first. */
export function waiting(fastify: FastifyInstance): Promise<Mail[]> {
  return fastify.database
    .open()
    .query<Mail & Record<string, unknown>>(
      sql`SELECT id, kind, recipient, user_id, data, attempts FROM mails ORDER BY created_at, id`
    )
}

/** What the service would send for a mail now. */
export async function write(fastify: FastifyInstance, mail: Mail): Promise<AnyLetter | undefined> {
  const key = fastify.deriveKey('email tokens')
  await answerQuestions(fastify.database.open())
  const answered = (await waiting(fastify)).find(({ id }) => id === mail.id)
  return compose(fastify.database.open(), key, answered ?? mail)
}

/** Takes all mails that wait, as sending them does but whether they are due or not, and gives the letters that come of them, the oldest first. */
export async function letters(fastify: FastifyInstance): Promise<AnyLetter[]> {
  const written: AnyLetter[] = []
  await answerQuestions(fastify.database.open())
  for (const mail of await waiting(fastify)) {
    const letter = await write(fastify, mail)
    if (letter) written.push(letter)
    await fastify.database.open().query(sql`DELETE FROM mails WHERE id = ${mail.id}`)
  }
  return written
}

/** The token of the one letter that waits. */
export async function tokenOf(fastify: FastifyInstance, template: Letter['template']): Promise<string> {
  const [letter, ...more] = await letters(fastify)
  if (letter?.template !== template || more.length > 0 || !letter.token) {
    throw new Error(`not one ${template}, but ${[letter, ...more].map((each) => each?.template)}`)
  }
  return letter.token
}

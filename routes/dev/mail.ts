import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { requireLocal } from '../../src/http/loopback.ts'
import type { Kept } from '../../src/mail/dev-mailbox.ts'
import { type Html, html } from '../../src/pages/html.ts'
import { Identified, LONG_PATH, refusals } from '../../src/schemas/answers.ts'
import { equalSecrets } from '../../src/secrets/equal.ts'

const WithToken = Type.Object(
  { token: Type.String({ description: 'the token of the link that the service logs at its start' }) },
  { additionalProperties: false }
)

const HTML = { description: 'The page.', content: { 'text/html': { schema: Type.String() } } }

const listing = {
  operationId: 'devMail',
  summary: 'Mail that was not sent',
  description: 'For development without SMTP_URL: the last 100 messages, for clients on this machine only.',
  tags: ['service'],
  querystring: WithToken,
  response: { 200: HTML, ...refusals('NOT_FOUND') }
}

const showing = {
  operationId: 'devLetter',
  summary: 'A message as it would look',
  tags: ['service'],
  querystring: WithToken,
  params: Identified,
  response: { 200: HTML, ...refusals('NOT_FOUND'), ...LONG_PATH }
}

/** A message may use inline styles, and its links may be followed; it must not run, load or frame anything. */
const LETTER_POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "style-src 'unsafe-inline'",
  'sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation'
].join('; ')

/** Exists only if mail is shown instead of sent. */
const mail: FastifyPluginAsyncTypebox = async (fastify) => {
  const { mailbox, mailboxUrl, pages } = fastify
  if (!mailbox || !mailboxUrl) return
  const query = new URL(mailboxUrl).search
  const token = query.slice('?token='.length)

  const knowsToken = async ({ query }: FastifyRequest) => {
    if (!equalSecrets(String((query as { token?: unknown }).token), token)) throw new Problem('NOT_FOUND')
  }
  const onRequest = [requireLocal, knowsToken]

  fastify.get('/mail', { schema: listing, onRequest }, async (_request, reply) => {
    const letters = mailbox.list().map((letter) => show(letter, query))
    const content = html`<h1>Mail that was not sent</h1>${letters.length > 0 ? letters : EMPTY}`
    return pages.render(reply, 'Mail', content, { wide: true })
  })

  fastify.get('/mail/:id', { schema: showing, onRequest }, async ({ params }, reply) => {
    const letter = mailbox.find(params.id)
    if (!letter) throw new Problem('NOT_FOUND')
    reply.header('content-security-policy', LETTER_POLICY).header('referrer-policy', 'no-referrer')
    reply.type('text/html; charset=utf-8')
    return letter.html
  })
}

export default mail

const EMPTY = html`
<p class="pale">Nothing yet. What comes is kept until the service stops.</p>`

const show = ({ id, at, recipient, subject, text }: Kept, query: string) => html`
<article class="card">
<h2>${subject}</h2>
<p class="pale">to ${recipient}, ${new Date(at).toISOString()}</p>
<pre>${withLinks(text)}</pre>
<p><a href="mail/${id}${query}">as it would look</a></p>
</article>`

/** Makes a URL that is alone on its line a link. */
function withLinks(text: string): (Html | string)[] {
  const pieces = text.split(/(^https?:\/\/\S+$)/m)
  return pieces.map((piece, index) => (index % 2 === 1 ? html`<a href="${piece}">${piece}</a>` : piece))
}

import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { requireLocal } from '../../src/http/loopback.ts'
import type { StoredMessage } from '../../src/mail/dev-mailbox.ts'
import { type Html, html } from '../../src/pages/html.ts'
import { Identified } from '../../src/schemas/answers.ts'
import { equalSecrets } from '../../src/secrets/equal.ts'

const WithToken = Type.Object({ token: Type.String() }, { additionalProperties: false })

const listing = {
  hide: true,
  querystring: WithToken
}

const showing = {
  hide: true,
  querystring: WithToken,
  params: Identified
}

/** A message may contain its style and links to follow, but no scripts, frames or anything else to load. */
const MESSAGE_POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "style-src 'unsafe-inline'",
  'sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation'
].join('; ')

/**
 * Mail that was not sent, while the service is tried out on one machine, without SMTP_URL: the last 100 messages, for
 * clients on this machine that know the token of the link in the log. These routes exist only then.
 */
const mail: FastifyPluginAsyncTypebox = async (fastify) => {
  const {
    mail: { mailbox },
    pages
  } = fastify
  if (!mailbox) return
  const query = new URL(mailbox.url).search
  const token = query.slice('?token='.length)

  const knowsToken = async ({ query }: FastifyRequest) => {
    if (!equalSecrets(String((query as { token?: unknown }).token), token)) throw new Problem('NOT_FOUND')
  }
  const onRequest = [requireLocal, knowsToken]

  fastify.get('/mail', { schema: listing, onRequest }, async (request, reply) => {
    const messages = mailbox.list().map((message) => show(message, query))
    const content = html`<h1>Mail that was not sent</h1>${messages.length > 0 ? messages : EMPTY}`
    return pages.render(reply, pages.contextOf(request), { title: 'Mail', content, wide: true })
  })

  fastify.get('/mail/:id', { schema: showing, onRequest }, async ({ params }, reply) => {
    const message = mailbox.find(params.id)
    if (!message) throw new Problem('NOT_FOUND')
    reply.header('content-security-policy', MESSAGE_POLICY).header('referrer-policy', 'no-referrer')
    reply.type('text/html; charset=utf-8')
    return message.html
  })
}

export default mail

const EMPTY = html`
<p class="pale">No mail yet. Mails are kept until the service stops.</p>`

const show = ({ id, at, recipient, subject, text }: StoredMessage, query: string) => html`
<article class="card">
<h2>${subject}</h2>
<p class="pale">to ${recipient}, ${new Date(at).toISOString()}</p>
<pre>${withLinks(text)}</pre>
<p><a href="mail/${id}${query}">Show as HTML</a></p>
</article>`

/** Turns a URL that is alone on its line into a link. */
function withLinks(text: string): (Html | string)[] {
  const pieces = text.split(/(^https?:\/\/\S+$)/m)
  return pieces.map((piece, index) => (index % 2 === 1 ? html`<a href="${piece}">${piece}</a>` : piece))
}

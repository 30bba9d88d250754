import type { Static, TObject } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { type Code, Problem } from '../../src/errors.ts'
import { type Field, type Form, renderForm } from '../../src/pages/form.ts'
import { type Html, html } from '../../src/pages/html.ts'
import { tell } from '../../src/pages/problems.ts'
import type { Followed } from '../flows/email-links.ts'

/** A page that the link of a mail leads to. */
export interface LinkPage<Body extends TObject> {
  /** The last part of its path. */
  name: string
  operationId: string
  title: string
  /** What is about to happen, to which account and address. */
  intro(link: Followed): Html
  /** What is asked for beside the token. */
  fields?: Field[]
  button: string
  /** Another form for the same token, below the first. */
  beside?: { intro: Html; form: Form }
  /** What is said when it has happened. */
  done: Said
  /** What is said of a link that was followed before, and need not be again. */
  doneBefore?: Said
  /** What to do where the link is no longer good. */
  renewal: Renewal
  body: Body
  /** The codes that it may be refused with, beside EMAIL_TOKEN_INVALID and those of any form. */
  codes?: Code[]
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[]
  /** The link of a token, without using it; nothing where it is not good. */
  look(request: FastifyRequest, token: string): Promise<Followed | undefined>
  act(request: FastifyRequest, body: Static<Body>, reply: FastifyReply): Promise<unknown>
}

interface Said {
  title: string
  text: string
}

/** How to get on without the link: with a form that asks for another mail, where there can be one. */
interface Renewal {
  text: string
  form?: Form
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Adds a page for the links of mails to a scope of its own; none where a frontend has them. */
    linkPage<Body extends TObject>(scope: FastifyInstance, page: LinkPage<Body>): void
  }
  interface FastifyRequest {
    /** The link that a form was sent for. */
    link?: Followed
  }
}

export default fp(
  async (fastify) => {
    fastify.decorateRequest('link')
    fastify.decorate('linkPage', (scope, given) => {
      const { name, operationId, title, body, codes = [], preHandler = [], done, doneBefore, renewal } = given

      const over = html`${OVER}${renew(renewal)}`

      async function look(request: FastifyRequest): Promise<void> {
        const { token } = fieldsOf(request)
        if (typeof token !== 'string') return
        const link = await given.look(request, token)
        if (!link) throw new Problem('EMAIL_TOKEN_INVALID')
        request.link = link
      }

      function refuse(problem: Problem, request: FastifyRequest): Html {
        const { code } = problem
        if (code === 'EMAIL_TOKEN_INVALID') return over
        const { link } = request
        const body = fieldsOf(request)
        const { token } = body
        const telling = tell(problem, typeof token === 'string' ? (given.fields ?? []) : [])
        // No other try of the form would help where what it is about is at fault.
        if (typeof token !== 'string' || (code === 'ACCOUNT_EXISTS' && Object.keys(telling.fields).length === 0)) {
          return html`<div class="card"><h1>${title}</h1>
<p class="fault" role="alert">${telling.summary}</p></div>`
        }
        return formOf(given, link, { token, values: body, telling })
      }

      fastify.pageRoutes(scope, {
        name,
        operationId,
        title,
        description: 'A page for who has followed the link of a mail.',
        body,
        codes: [...codes, 'EMAIL_TOKEN_INVALID'],
        // The limits come before anything is looked up, and a fault of a field is told beside the account.
        preValidation: [...[preHandler].flat(), look],
        preHandler: [],
        async show(request, token) {
          if (token === undefined) return html`${INCOMPLETE}${renew(renewal)}`
          const link = await given.look(request, token)
          if (!link) return over
          return link.done && doneBefore ? say(doneBefore) : formOf(given, link, { token })
        },
        async act(request, body, reply) {
          await given.act(request, body, reply)
          return say(done)
        },
        refuse
      })
    })
  },
  { name: 'link-pages', dependencies: ['page-routes'] }
)

const OVER = html`<div class="card"><h1>This link has expired or was already used</h1>
<p>If a later mail has come, use the link in that one.</p></div>
`

const INCOMPLETE = html`<div class="card"><h1>This link is incomplete</h1>
<p>Part of the address is missing. Copy the whole address from the mail.</p></div>
`

const say = ({ title, text }: Said) => html`<div class="card"><h1>${title}</h1>
<p>${text}</p></div>`

const renew = ({ text, form }: Renewal) =>
  form ? renderForm(form, html`<p>${text}</p>`) : html`<div class="card"><p>${text}</p></div>`

/** What was sent, also where that is no form at all. */
const fieldsOf = ({ body }: FastifyRequest) => (body ?? {}) as Record<string, unknown>

/** The form of a page, with what was at fault when it was sent last. */
function formOf(
  { name, title, intro, fields = [], button, beside }: LinkPage<TObject>,
  link: Followed | undefined,
  filling: Parameters<typeof renderForm>[2] & { token: string }
): Html {
  const above = html`<h1>${title}</h1>
${link && intro(link)}`
  const { username, email } = link?.names ?? {}
  const form = renderForm({ action: name, fields, button }, above, {
    ...filling,
    account: username ?? email ?? link?.email
  })
  return beside
    ? html`${form}
${renderForm(beside.form, beside.intro, { token: filling.token })}`
    : form
}

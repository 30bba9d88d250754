import { type Static, type TObject, Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { Code, Problem } from '../src/errors.ts'
import { parseForm } from '../src/form.ts'
import { escapeHtml } from '../src/html.ts'
import { BODY, refusals } from '../src/schemas.ts'

/** A page that the link of a mail leads to: looking at it changes nothing, and its form does what the API's route does. */
export interface LinkPage<Body extends TObject> {
  /** The last part of its path. */
  name: string
  operationId: string
  title: string
  /** What is about to happen. */
  intro: string
  /** What is asked for beside the token. */
  fields?: Field[]
  button: string
  /** What is said when it has happened. */
  done: { title: string; text: string }
  body: Body
  /** The codes that it may be refused with, beside EMAIL_TOKEN_INVALID and those of any form. */
  codes?: Code[]
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[]
  act(request: FastifyRequest, body: Static<Body>, reply: FastifyReply): Promise<unknown>
}

interface Field {
  name: string
  label: string
  type: 'text' | 'password'
  /** What a browser or a password manager fills it with (HTML §4.10.18.7). */
  autocomplete: 'username' | 'new-password'
  optional?: true
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Adds a page for the links of mails to a scope of its own; none where a frontend has them. */
    linkPage<Body extends TObject>(scope: FastifyInstance, page: LinkPage<Body>): void
  }
  interface FastifyContextConfig {
    /** What a refusal is answered with where people see it, in place of the one error body. */
    pageOf?: (problem: Problem, request: FastifyRequest, reply: FastifyReply) => string
  }
}

const FORM = 'application/x-www-form-urlencoded'

const Query = Type.Object({ token: Type.Optional(Type.String({ maxLength: 512 })) }, { additionalProperties: false })

const HTML = { 'text/html': { schema: Type.String() } }

export default fp(
  async (fastify) => {
    const { config, mailer } = fastify

    function add<Body extends TObject>(scope: FastifyInstance, given: LinkPage<Body>): void {
      // Without mail there are no links.
      if (config.APP_URL !== undefined || !mailer) return
      const { name, operationId, title, body, codes = [], preHandler = [], done, act } = given
      const show = formOf(given)

      scope.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer) => {
        // A field that was left empty was not filled in.
        const fields = Object.entries(parseForm(bytes)).filter(([, value]) => value !== '')
        return fields.length === 0 ? undefined : Object.fromEntries(fields)
      })

      const common = { summary: title, tags: ['mail'], description: 'A page for who has followed the link of a mail.' }
      scope.get<{ Querystring: Static<typeof Query> }>(
        `/${name}`,
        {
          schema: {
            ...common,
            operationId: `${operationId}Page`,
            querystring: Query,
            response: { 200: { description: 'The page.', content: HTML }, ...asPages(refusals()) }
          },
          config: { pageOf: (problem, _request, reply) => reply.page(title, refused(title, problem)) }
        },
        async ({ query }, reply) => reply.page(title, query.token ? show(query.token) : INCOMPLETE)
      )

      scope.post<{ Body: Static<Body> }>(
        `/${name}`,
        {
          schema: {
            ...common,
            operationId: `${operationId}Form`,
            querystring: Type.Object({}, { additionalProperties: false }),
            consumes: [FORM],
            body,
            response: {
              200: { description: 'What has happened.', content: HTML },
              ...asPages(refusals(...BODY, ...codes, 'EMAIL_TOKEN_INVALID', 'DATABASE_UNAVAILABLE'))
            }
          },
          preHandler,
          config: {
            pageOf(problem, request, reply) {
              const token = (request.body as { token?: unknown } | undefined)?.token
              const again = typeof token === 'string' && problem.code !== 'EMAIL_TOKEN_INVALID'
              return reply.page(title, again ? show(token, problem) : refused(title, problem))
            }
          }
        },
        async (request, reply) => {
          await act(request, request.body as Static<Body>, reply)
          return reply.page(done.title, `<div class="card"><h1>${done.title}</h1>\n<p>${done.text}</p></div>`)
        }
      )
    }

    fastify.decorate('linkPage', add)
  },
  { name: 'link-pages', dependencies: ['config', 'mailer', 'pages'] }
)

const INCOMPLETE = `<div class="card"><h1>This link is not whole</h1>
<p>Part of the address is missing. Copy all of it from the mail, or ask for another mail.</p></div>`

/** The page of a problem that no other try of the form would mend. */
const refused = (title: string, problem: Problem) => `<div class="card"><h1>${escapeHtml(title)}</h1>
${faults(problem)}</div>`

function faults({ code, message, errors = [] }: Problem): string {
  if (code === 'EMAIL_TOKEN_INVALID') {
    return '<p class="fault" role="alert">This link is over: it was used already, is too old, or a later mail has taken its place. Ask for another mail.</p>'
  }
  // Which fields are at fault, in words; of a password the message says it all.
  const details = code === 'PASSWORD_REJECTED' ? [] : errors.map(({ path, message }) => `${labelOf(path)} ${message}.`)
  return `<p class="fault" role="alert">${escapeHtml([message, ...details].join(' '))}</p>`
}

const labelOf = (path: string) => path.slice(1).replaceAll('_', ' ')

/** The form of a page, with what was at fault when it was sent last. */
function formOf({ name, title, intro, fields = [], button }: LinkPage<TObject>) {
  const inputs = fields.map(
    ({ name, label, type, autocomplete, optional }) =>
      `<label>${label}<input name="${name}" type="${type}" autocomplete="${autocomplete}"${optional ? '' : ' required'}></label>`
  )
  return (token: string, problem?: Problem) => `<form class="card" method="post" action="${name}">
<h1>${title}</h1>
${problem ? faults(problem) : ''}
<p>${intro}</p>
<input type="hidden" name="token" value="${escapeHtml(token)}">
${inputs.join('\n')}
<button>${button}</button>
</form>`
}

/** Refusals that are shown to people; what the transport refuses has the one error body all the same. */
function asPages(responses: ReturnType<typeof refusals>) {
  return Object.fromEntries(
    Object.entries(responses).map(([status, { content, ...response }]) => [
      status,
      { ...response, content: { ...content, ...HTML } }
    ])
  )
}

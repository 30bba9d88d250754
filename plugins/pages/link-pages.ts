import type { Static, TObject } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import { type Code, Problem } from '../../src/errors.ts'
import type { Html } from '../../src/pages/html.ts'
import {
  type LinkForm,
  type Message,
  type Renewal,
  renderExpired,
  renderIncomplete,
  renderLinkForm,
  renderMessage,
  renderRefusal
} from '../../src/pages/link-form.ts'
import type { LinkInfo } from '../flows/email-links.ts'
import type { AddForm } from './page-routes.ts'

/** A page that the link of a mail leads to. */
export interface LinkPage<Body extends TObject> extends LinkForm<LinkInfo> {
  operationId: string
  /** Shown after the action. */
  done: Message
  /** Shown for a link that was followed before and may be followed again. */
  doneBefore?: Message
  /** Shown with a link that is not valid. */
  renewal: Renewal
  body: Body
  /** The codes of its refusals, beside EMAIL_TOKEN_INVALID and those of every form. */
  codes?: Code[]
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[]
  /** Finds the link of a token without using it. Undefined if it is not valid. */
  look(request: FastifyRequest, token: string): Promise<LinkInfo | undefined>
  act(request: FastifyRequest, body: Static<Body>, reply: FastifyReply): Promise<unknown>
}

/** Adds a page for the links in mails to a scope of its own; none if a frontend has the pages. */
export type AddLink = <Body extends TObject>(scope: FastifyInstance, page: LinkPage<Body>) => void

export function createLinkPages(addForm: AddForm): AddLink {
  /** The links that forms were sent for. */
  const links = new WeakMap<FastifyRequest, LinkInfo>()

  return (scope, given) => {
    const { name, operationId, title, body, codes = [], preHandler = [], done, doneBefore, renewal } = given
    const expired = renderExpired(renewal)

    async function look(request: FastifyRequest): Promise<void> {
      const { token } = fieldsOf(request)
      if (typeof token !== 'string') return
      const link = await given.look(request, token)
      if (!link) throw new Problem('EMAIL_TOKEN_INVALID')
      links.set(request, link)
    }

    function refuse(problem: Problem, request: FastifyRequest): Html {
      if (problem.code === 'EMAIL_TOKEN_INVALID') return expired
      return renderRefusal(given, links.get(request), fieldsOf(request), problem)
    }

    addForm(scope, {
      name,
      operationId,
      title,
      description: 'The page behind the link in a mail.',
      body,
      codes: [...codes, 'EMAIL_TOKEN_INVALID'],
      // The limits precede the look-up, and the look-up precedes validation: an invalid field is shown with the account.
      preValidation: [...[preHandler].flat(), look],
      preHandler: [],
      async show(request, token) {
        if (token === undefined) return renderIncomplete(renewal)
        const link = await given.look(request, token)
        if (!link) return expired
        return link.done && doneBefore ? renderMessage(doneBefore) : renderLinkForm(given, link, { token })
      },
      async act(request, body, reply) {
        await given.act(request, body, reply)
        return renderMessage(done)
      },
      refuse
    })
  }
}

/** The fields of a form; none if the body is not a form. */
const fieldsOf = ({ body }: FastifyRequest) => (body ?? {}) as Record<string, unknown>

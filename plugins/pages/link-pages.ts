import type { Static, TObject } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { say } from '../../src/pages/layout.ts'
import {
  type LinkForm,
  type Message,
  type Renewal,
  renderExpired,
  renderIncomplete,
  renderLinkForm,
  renderNote,
  renderRefusal
} from '../../src/pages/link-form.ts'
import type { LinkInfo } from '../flows/email-links.ts'
import type { AddPage } from './page-routes.ts'

/** A page that the link of a mail leads to. */
export interface LinkPage<Body extends TObject> extends LinkForm<LinkInfo> {
  /** Shown after the action. */
  done: Message
  /** Shown for a link that was followed before and may be followed again. */
  doneBefore?: Message
  /** Shown with a link that is not valid. */
  renewal: Renewal
  body: Body
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[]
  /** Finds the link of a token without using it. Undefined if it is not valid. */
  look(request: FastifyRequest, token: string): Promise<LinkInfo | undefined>
  act(request: FastifyRequest, body: Static<Body>, reply: FastifyReply): Promise<unknown>
}

/** Adds a page for the links in mails to a scope of its own; none if a frontend has the pages. */
export type AddLink = <Body extends TObject>(scope: FastifyInstance, page: LinkPage<Body>) => void

/** The format of a token. One of another format is truncated or repeated. */
const TOKEN = /^[\w-]{43}$/

/** @param offered whether mails are sent, and their links lead here */
export function createLinkPages(offered: boolean, add: AddPage): AddLink {
  /** The links that forms were sent for. */
  const links = new WeakMap<FastifyRequest, LinkInfo>()

  return (scope, given) => {
    if (!offered) return
    const { action, title, body, preHandler = [], done, doneBefore, renewal } = given

    async function look(request: FastifyRequest): Promise<void> {
      const { token } = fieldsOf(request)
      if (typeof token !== 'string') return
      const link = await given.look(request, token)
      if (!link) throw new Problem('EMAIL_TOKEN_INVALID')
      links.set(request, link)
    }

    add(scope, {
      path: action.slice(action.lastIndexOf('/')),
      body,
      // The limits precede the look-up, and the look-up precedes validation: an invalid field is shown with the account.
      preValidation: [...[preHandler].flat(), look],
      async show({ request, page }) {
        const { token } = request.query as { token?: unknown }
        const view = (content: ReturnType<typeof renderNote>) => ({ title: say(page, title), content })
        if (typeof token !== 'string' || !TOKEN.test(token)) return view(renderIncomplete(page, renewal))
        const link = await given.look(request, token)
        if (!link) return view(renderExpired(page, renewal))
        if (link.done && doneBefore) return view(renderNote(page, doneBefore))
        return view(renderLinkForm(page, given, link, { token }))
      },
      async act({ request, reply, page }, body) {
        await given.act(request, body, reply)
        return { title: say(page, title), content: renderNote(page, done) }
      },
      refuse({ request, page }, problem) {
        const content =
          problem.code === 'EMAIL_TOKEN_INVALID'
            ? renderExpired(page, renewal)
            : renderRefusal(page, given, links.get(request), fieldsOf(request), problem)
        return { title: say(page, title), content }
      }
    })
  }
}

/** The fields of a form; none if the body is not a form. */
const fieldsOf = ({ body }: FastifyRequest) => (body ?? {}) as Record<string, unknown>

import type { Static, TObject } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { signInLink } from '../../src/pages/components.ts'
import type { Html } from '../../src/pages/html.ts'
import { type PageContext, say, type View } from '../../src/pages/layout.ts'
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
  /** Whether the user may want to sign in once the link has nothing left to do. */
  thenSignIn?: true
  body: Body
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[]
  /** Finds the link of a token without using it. Undefined if it is not valid. */
  look(request: FastifyRequest, token: string): Promise<LinkInfo | undefined>
  /** Replaces the form if this browser cannot use the link. */
  instead?(request: FastifyRequest, page: PageContext, link: LinkInfo): Html | undefined
  act(request: FastifyRequest, body: Static<Body>, reply: FastifyReply): Promise<unknown>
}

/** Adds a page for the links in mails to a scope of its own; none if a frontend has the pages. */
export type AddLink = <Body extends TObject>(scope: FastifyInstance, page: LinkPage<Body>) => void

/** The format of a token. One of another format is truncated or repeated. */
const TOKEN = /^[\w-]{43}$/

/**
 * @param offered whether mails are sent, and their links lead here
 * @param hosted whether people sign in on pages of the service
 */
export function createLinkPages(offered: boolean, add: AddPage, hosted = false): AddLink {
  /** The links that forms were sent for. */
  const links = new WeakMap<FastifyRequest, LinkInfo>()

  return (scope, given) => {
    if (!offered) return
    const { action, title, body, preHandler = [], done, doneBefore, renewal, thenSignIn = false } = given

    const formView = (page: PageContext, content: Html): View => ({ title: say(page, title), content })

    /** A page with no form of this link. */
    const endView = (page: PageContext, content: Html): View => ({
      title: say(page, title),
      content,
      links: hosted && thenSignIn ? [signInLink(page)] : []
    })

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
        if (typeof token !== 'string' || !TOKEN.test(token)) return endView(page, renderIncomplete(page, renewal))
        const link = await given.look(request, token)
        if (!link) return endView(page, renderExpired(page, renewal))
        if (link.done && doneBefore) return endView(page, renderNote(page, doneBefore))
        const instead = given.instead?.(request, page, link)
        return instead ? endView(page, instead) : formView(page, renderLinkForm(page, given, link, { token }))
      },
      async act({ request, reply, page }, body) {
        await given.act(request, body, reply)
        return endView(page, renderNote(page, done))
      },
      refuse({ request, page }, problem) {
        if (problem.code === 'EMAIL_TOKEN_INVALID') return endView(page, renderExpired(page, renewal))
        const link = links.get(request)
        const instead = link && given.instead?.(request, page, link)
        if (instead) return endView(page, instead)
        return formView(page, renderRefusal(page, given, link, fieldsOf(request), problem))
      }
    })
  }
}

/** The fields of a form; none if the body is not a form. */
const fieldsOf = ({ body }: FastifyRequest) => (body ?? {}) as Record<string, unknown>

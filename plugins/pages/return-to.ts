import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { needsRefreshToken, RETURN_TO, type ReturnTo, readReturnTo } from '../../src/http/return-to.ts'
import type { PageContext, View } from '../../src/pages/layout.ts'
import { handOverView } from '../../src/pages/views/hand-over.ts'
import type { GoTo } from './page-routes.ts'
import { pathBelow, queryOf } from './query.ts'

/** Where people go on after they have signed in. */
export interface Returning {
  /** A hook: refuses a request whose `return_to` leads to where it must not. */
  check(request: FastifyRequest): Promise<void>
  /** The `return_to` of a request as it was given, in the form or else in the URL; undefined if it is not allowed. */
  given(request: FastifyRequest): string | undefined
  /** Leads on: to where a request says, or to the account. */
  goOn(request: FastifyRequest, page: PageContext): View | GoTo
  /**
   * The `return_to` for a user who has to sign in first: that of the request, as for a step-up, which signing in replaces;
   * otherwise its own page.
   */
  afterSignIn(request: FastifyRequest): string
  /** The page of a request, with its query: the `return_to` that leads back to it. */
  pageOf(request: FastifyRequest): string
  /** Leads on to where a text says, or to the account if it is not allowed. */
  leadOn(text: string | undefined, page: PageContext): View | GoTo
  /**
   * Whether a link of another site led here, according to the browser (W3C Fetch Metadata): neither a page of this site
   * nor a frontend.
   */
  isFromElsewhere(request: FastifyRequest): boolean
  /** Whether a request leads to a frontend or to the console, which need a refresh token. */
  needsRefreshToken(request: FastifyRequest): boolean
}

export function createReturning({ APP_URL, CORS_ORIGINS }: FastifyInstance['config'], prefix = ''): Returning {
  const origins = new Set([...CORS_ORIGINS, ...(APP_URL === undefined ? [] : [new URL(APP_URL).origin])])

  const readText = (text: unknown) => (typeof text === 'string' ? readReturnTo(text, origins) : undefined)
  const read = (request: FastifyRequest) => readText(sentIn(request))

  const given = (request: FastifyRequest) => (read(request) ? String(sentIn(request)) : undefined)

  const pageOf = ({ routeOptions, url }: FastifyRequest) => `${pathBelow(prefix, routeOptions.url)}${queryOf(url)}`

  return {
    async check(request) {
      if (sentIn(request) === undefined || read(request)) return
      throw new Problem('VALIDATION_FAILED', { errors: [{ path: RETURN_TO, message: 'must be an address of ours' }] })
    },
    given,
    goOn: (request, page) => leadTo(read(request), page),
    leadOn: (text, page) => leadTo(readText(text), page),
    pageOf,
    afterSignIn: (request) => given(request) ?? pageOf(request),
    isFromElsewhere({ headers }) {
      if (headers['sec-fetch-site'] !== 'cross-site') return false
      const { referer = '' } = headers
      return !(URL.canParse(referer) && origins.has(new URL(referer).origin))
    },
    needsRefreshToken(request) {
      const target = read(request)
      return target !== undefined && needsRefreshToken(target)
    }
  }
}

function leadTo(target: ReturnTo | undefined, page: PageContext): View | GoTo {
  if (!target) return { goTo: 'pages/account' }
  return 'url' in target ? handOverView(page, target.url) : { goTo: target.path }
}

function sentIn({ body, query }: FastifyRequest): unknown {
  const { return_to } = (body ?? query) as { return_to?: unknown }
  return return_to
}

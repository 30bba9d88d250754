import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { passkeyUrl } from '../../src/config/relying-party.ts'
import { serviceOf } from '../../src/config/service.ts'
import { type Assets, PagesFolderError, readAssets } from '../../src/pages/assets.ts'
import { type PageContext, renderPage, type View } from '../../src/pages/layout.ts'
import { readTexts } from '../../src/pages/texts.ts'
import { pathBelow, queryOf } from './query.ts'

/** Renders pages in the language of the user. */
export interface PageRenderer {
  /** The files that pages load. */
  readonly assets: Assets
  /** What a page knows of the request that it answers. */
  contextOf(request: FastifyRequest): PageContext
  /** Renders a page as the answer, with a policy that allows our own sheet, script and forms, and nothing else. */
  render(reply: FastifyReply, page: PageContext, view: View): string
}

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "script-src 'self'",
    "style-src 'self'",
    "require-trusted-types-for 'script'"
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'publickey-credentials-create=(self), publickey-credentials-get=(self)',
  // The URL holds the token of a link, which must not reach another origin. With no-referrer a browser would send
  // `Origin: null` with our own forms (Fetch §3.2).
  'referrer-policy': 'same-origin',
  vary: 'accept-language',
  'x-frame-options': 'DENY'
}

/** @throws PagesFolderError */
export function createPageRenderer(
  { clock, config }: Pick<FastifyInstance, 'clock' | 'config'>,
  prefix = ''
): PageRenderer {
  const service = serviceOf(config)
  const faults: string[] = []
  const assets = readAssets(config.PAGES_FOLDER, faults)
  const chooseLanguage = readTexts(config.PAGES_FOLDER, faults)
  if (faults.length > 0) throw new PagesFolderError(faults)

  function passkeysAt(host: string | undefined, path: string): string | undefined {
    const url = passkeyUrl(config.PUBLIC_URL, host)
    return url && `${url}${path}`
  }

  return {
    assets,
    contextOf: ({ headers, method, routeOptions, url }) => {
      const path = pathBelow(prefix, routeOptions.url)
      return {
        language: chooseLanguage(headers['accept-language']),
        service,
        assets,
        root: '../'.repeat(path.split('/').length - 2),
        now: clock.now(),
        passkeysAt: passkeysAt(headers.host, `${path}${method === 'POST' ? '' : queryOf(url)}`)
      }
    },
    render(reply, page, view) {
      reply.headers(HEADERS)
      if (view.keepsOpener) reply.header('cross-origin-opener-policy', 'unsafe-none')
      reply.header('content-language', page.language.tag).type('text/html; charset=utf-8')
      return renderPage(page, view)
    }
  }
}

import type { Config } from '../config/config.ts'

/** Where the service's own pages are, under PUBLIC_URL. */
export const PAGES = '/pages'

/**
 * The address of a page with a token on it; whatever Host a request names has no part in it.
 *
 * A frontend at APP_URL gets the token in the fragment, which no browser sends to a server or puts into a Referer, and
 * so none is in a log. The service's own pages do without a script, and cannot see a fragment: they get it in the query.
 * The service writes no query into its log, and the pages let no Referer out; a proxy in front may log it, where it is of
 * use to somebody who reads along before the owner has used it.
 */
export function createLinkTo({ APP_URL, PUBLIC_URL }: Pick<Config, 'APP_URL' | 'PUBLIC_URL'>) {
  return (page: string, token: string): string =>
    APP_URL === undefined
      ? `${withoutSlash(PUBLIC_URL)}${PAGES}${page}?token=${token}`
      : `${withoutSlash(APP_URL)}${page}#token=${token}`
}

const withoutSlash = (url: string) => url.replace(/\/$/, '')

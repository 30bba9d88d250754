import type { Config } from '../config/config.ts'

/** The path of the service's own pages under PUBLIC_URL. */
export const PAGES = '/pages'

/**
 * Makes the URL of a page with a token. It depends on the configuration alone, and not on the Host of a request.
 *
 * A frontend at APP_URL gets the token in the fragment, which browsers send neither to a server nor in a Referer: no log
 * contains it. The service's own pages work without scripts, which a fragment needs, and get the token in the query. The
 * service does not log queries, and the pages send no Referer. A proxy may log the query, and whoever reads that log before
 * the owner uses the token can use it.
 */
export function createLinkTo({ APP_URL, PUBLIC_URL }: Pick<Config, 'APP_URL' | 'PUBLIC_URL'>) {
  return (page: string, token: string): string =>
    APP_URL === undefined ? `${PUBLIC_URL}${PAGES}${page}?token=${token}` : `${APP_URL}${page}#token=${token}`
}

import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { createBoundedFetch } from './bounded-fetch.ts'
import { createGithubProvider } from './github.ts'
import { createOpenIdProvider } from './openid.ts'
import { loadOpenId, type OpenId } from './openid-client.ts'
import type { Provider } from './provider.ts'

/** Loads the library when it is first needed, and once. */
export function lazyOpenId(clock: Clock): () => Promise<OpenId> {
  let loading: Promise<OpenId> | undefined
  return () => {
    loading ??= loadOpenId(createBoundedFetch(), clock)
    return loading
  }
}

/**
 * Creates the configured providers, by id and in the order of the file.
 *
 * @param openId the library, while it loads
 */
export function createProviders(
  { PROVIDERS, PUBLIC_URL }: Pick<Config, 'PROVIDERS' | 'PUBLIC_URL'>,
  { clock, openId }: { clock: Clock; openId(): Promise<OpenId> }
): ReadonlyMap<string, Provider> {
  return new Map(
    PROVIDERS.map((settings) => {
      const redirectUri = `${PUBLIC_URL}/federation/${settings.id}/callback`
      const create = settings.kind === 'github' ? createGithubProvider : createOpenIdProvider
      return [settings.id, create(settings, { clock, openId, redirectUri })]
    })
  )
}

import type { Config } from './config.ts'

/** What people know the service by. */
export interface Service {
  name: string
  /** Where they go back to from a page; none where it is not known. */
  url: string | undefined
}

/** The service as its letters and pages speak of it. */
export function serviceOf(
  config: Pick<Config, 'SERVICE_NAME' | 'MAIL_FROM' | 'APP_URL' | 'SERVICE_URL' | 'PUBLIC_URL'>
): Service {
  const { SERVICE_NAME, MAIL_FROM, APP_URL, SERVICE_URL, PUBLIC_URL } = config
  const url = SERVICE_URL ?? APP_URL
  return { name: SERVICE_NAME ?? (MAIL_FROM.name || new URL(url ?? PUBLIC_URL).hostname), url }
}

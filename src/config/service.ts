import type { Config } from './config.ts'

/** The service as users know it. */
export interface Service {
  name: string
  /** The link back from pages; undefined if neither SERVICE_URL nor APP_URL is set. */
  url: string | undefined
}

/** The name and the URL of the service, for mails and pages. */
export function serviceOf(
  config: Pick<Config, 'SERVICE_NAME' | 'MAIL_FROM' | 'APP_URL' | 'SERVICE_URL' | 'PUBLIC_URL'>
): Service {
  const { SERVICE_NAME, MAIL_FROM, APP_URL, SERVICE_URL, PUBLIC_URL } = config
  const url = SERVICE_URL ?? APP_URL
  return { name: SERVICE_NAME ?? (MAIL_FROM.name || new URL(url ?? PUBLIC_URL).hostname), url }
}

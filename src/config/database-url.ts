/**
 * Whether the credentials of a URL are parsed as such. If `/`, `?` or `#` in a password is not percent-encoded, a part
 * of the password is parsed as the host, and would be logged.
 */
export function hasUnambiguousCredentials(text: string): boolean {
  const { pathname, search } = new URL(text)
  return !/[#\t\r\n]/.test(text) && !`${pathname}${search}`.includes('@')
}

/** The host, port and database name of DATABASE_URL, for messages. */
export function withoutCredentials(databaseUrl: string): string {
  const { host, pathname, searchParams } = new URL(databaseUrl)
  return `${searchParams.get('host') ?? host}${pathname}`
}

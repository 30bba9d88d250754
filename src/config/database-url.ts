/**
 * Whether a URL has its credentials where they belong. With a `/`, `?` or `#` of the password not percent-encoded, the
 * host that it names is part of the password, and would be shown.
 */
export function hasUnambiguousCredentials(text: string): boolean {
  const { pathname, search } = new URL(text)
  return !/[#\t\r\n]/.test(text) && !`${pathname}${search}`.includes('@')
}

/** Where DATABASE_URL points, without the user and the password. */
export function withoutCredentials(databaseUrl: string): string {
  const { host, pathname, searchParams } = new URL(databaseUrl)
  return `${searchParams.get('host') ?? host}${pathname}`
}

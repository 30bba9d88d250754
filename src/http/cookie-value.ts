const BLANK = /[ \t]/

/**
 * The value of a cookie as it was sent, found by one scan for its name: no other cookie of the header is looked at, and
 * nothing is decoded. If a name occurs twice, the first counts: user agents send the one with the longer path first
 * (RFC 6265 §5.4).
 *
 * In place of @fastify/cookie, which parses the whole header: with 16 KiB of cookies of a client's choice that takes 0.4 ms
 * of CPU, or 10 ms where it decodes them, and this 2 µs.
 */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined
  const wanted = `${name}=`
  for (let at = header.indexOf(wanted); at !== -1; at = header.indexOf(wanted, at + wanted.length)) {
    if (!isPairStart(header, at)) continue
    const end = header.indexOf(';', at)
    return header.slice(at + wanted.length, end === -1 ? undefined : end).trim()
  }
  return undefined
}

/** Whether a pair of the header begins there: at its start or after a semicolon, blanks aside. */
function isPairStart(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && BLANK.test(header.charAt(before))) before -= 1
  return before < 0 || header[before] === ';'
}

/** The longest address that the schema accepts; a longer one is left as it is. */
const LONGEST = 254

/**
 * Trims the address in the body of a request, as `/login` does: keyboards and clipboards add blanks at its ends, and no
 * address has any. Usable as a preValidation hook.
 */
export async function trimEmail({ body }: { body: unknown }): Promise<void> {
  const typed = body as { email?: unknown } | null | undefined
  const email = typed?.email
  if (typed && typeof email === 'string' && email.length <= LONGEST) typed.email = email.trim()
}

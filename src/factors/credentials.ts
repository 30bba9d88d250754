/** The longest that a credential id may be, in bytes (WebAuthn Level 3 §4, "Credential ID"). */
export const MOST_ID_BYTES = 1023

/** The bytes of a credential id; nothing for a text that is not the base64url of any. */
export function readCredentialId(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  const isOne = bytes.length > 0 && bytes.length <= MOST_ID_BYTES && bytes.toString('base64url') === text
  return isOne ? bytes : undefined
}

/** What an authenticator knows an account by: the 16 bytes of its id. */
export const userHandleOf = (user: string) => Buffer.from(user.replaceAll('-', ''), 'hex')

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

/** The transports that are known, each once: a client may send any texts. */
export function readTransports(transports: unknown): string[] {
  return Array.isArray(transports) ? TRANSPORTS.filter((transport) => transports.includes(transport)) : []
}

/** The longest that a credential id may be, in bytes (WebAuthn Level 3 §4, "Credential ID"). */
export const MOST_ID_BYTES = 1023

/** Decodes a credential id; undefined if the text is not the canonical base64url of one. */
export function readCredentialId(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  const isOne = bytes.length > 0 && bytes.length <= MOST_ID_BYTES && bytes.toString('base64url') === text
  return isOne ? bytes : undefined
}

/** The user handle of an account: the 16 bytes of its id. */
export const userHandleOf = (user: string) => Buffer.from(user.replaceAll('-', ''), 'hex')

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

/** Keeps known transports, each once: a client may send any texts. */
export function readTransports(transports: unknown): string[] {
  return Array.isArray(transports) ? TRANSPORTS.filter((transport) => transports.includes(transport)) : []
}

import { uuidBytes } from '../users/uuid-bytes.ts'

/** The maximum length of a credential id, in bytes (WebAuthn Level 3 §4, "Credential ID"). */
export const MAX_ID_BYTES = 1023

/** Decodes a credential id; undefined if the text is not the canonical base64url of one. */
export function readCredentialId(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  const isOne = bytes.length > 0 && bytes.length <= MAX_ID_BYTES && bytes.toString('base64url') === text
  return isOne ? bytes : undefined
}

/** Returns the user handle of an account (WebAuthn Level 3 §5.4.3): the 16 bytes of its id. */
export const userHandleOf = (user: string) => uuidBytes(user)

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

/** Returns the known transports, without duplicates. The input is unvalidated: a client may send anything. */
export function readTransports(transports: unknown): string[] {
  return Array.isArray(transports) ? TRANSPORTS.filter((transport) => transports.includes(transport)) : []
}

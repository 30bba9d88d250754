import { createHmac } from 'node:crypto'
import type { AccountNames } from '../schemas/users.ts'
import { foldName } from '../users/names.ts'

/** The counters of wrong passwords for a username and an email, in that order. Letter case does not matter. */
export function nameKeys(secret: Buffer, names: Partial<AccountNames>): Buffer[] {
  return namesPresent(names).map(([kind, name]) => limitKey(secret, kind, foldName(name)))
}

/** All counters of wrong passwords for an account, except those of single devices. */
export const accountKeys = (secret: Buffer, { id, ...names }: { id: string } & Partial<AccountNames>): Buffer[] => [
  devicesKey(secret, id),
  ...nameKeys(secret, names)
]

/** The counters of wrong passwords and of wrong codes from one known device. */
export const deviceKey = (secret: Buffer, { nonce }: { nonce: string }) => limitKey(secret, 'device', nonce)
export const deviceCodeKey = (secret: Buffer, { nonce }: { nonce: string }) => limitKey(secret, 'device code', nonce)

/** The counter of wrong passwords from all known devices of an account. */
export const devicesKey = (secret: Buffer, user: string) => limitKey(secret, 'devices', user)

/** The counter of wrong codes of an account's second factors, whatever the factor. */
export const codesKey = (secret: Buffer, user: string) => limitKey(secret, 'codes', user)

/** The counter of wrong codes from all known devices of an account. */
export const deviceCodesKey = (secret: Buffer, user: string) => limitKey(secret, 'device codes', user)

/** All counters of wrong codes of an account, except those of single devices. */
export const accountCodesKeys = (secret: Buffer, user: string): Buffer[] => [
  deviceCodesKey(secret, user),
  codesKey(secret, user)
]

/** The counter of mails of one kind to an address; if an account is given, only of mails for that account. */
export const recipientKey = (secret: Buffer, kind: string, email: string, account?: string) =>
  limitKey(secret, 'recipient', kind, foldName(email), ...(account === undefined ? [] : [account]))

/** The names that an account has, with their kinds, in the order username, email. */
export function namesPresent(names: Partial<AccountNames>): [keyof AccountNames, string][] {
  return (['username', 'email'] as const).flatMap((kind) => {
    const name = names[kind]
    return name == null ? [] : [[kind, name]]
  })
}

/** The key of a counter, 16 bytes: an HMAC, so that the table reveals neither names nor addresses. */
export function limitKey(secret: Buffer, ...parts: string[]): Buffer {
  return createHmac('sha256', secret).update(JSON.stringify(parts)).digest().subarray(0, 16)
}

/** The counters of a known device: its own, and the one that all devices of its account share. */
export interface DeviceKeys {
  own: Buffer
  all: Buffer
}

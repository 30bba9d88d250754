import { createHmac } from 'node:crypto'
import { type AccountNames, foldName } from '../users/names.ts'

/** The keys of the counters of names, in any letter case, in the order username, email. */
export function nameKeys(secret: Buffer, names: Partial<AccountNames>): Buffer[] {
  return namesPresent(names).map(([kind, name]) => limitKey(secret, kind, foldName(name)))
}

/** The keys of all counters of an account's wrong passwords but those of single devices. */
export const accountKeys = (secret: Buffer, { id, ...names }: { id: string } & Partial<AccountNames>): Buffer[] => [
  devicesKey(secret, id),
  ...nameKeys(secret, names)
]

/** The key of the counter of all known devices of an account. */
export const devicesKey = (secret: Buffer, user: string) => limitKey(secret, 'devices', user)

/** The key of the counter of the mails of a kind to an address, in any letter case; those of one account, if given. */
export const recipientKey = (secret: Buffer, kind: string, email: string, account?: string) =>
  limitKey(secret, 'recipient', kind, foldName(email), ...(account === undefined ? [] : [account]))
export function namesPresent(names: Partial<AccountNames>): [keyof AccountNames, string][] {
  return (['username', 'email'] as const).flatMap((kind) => {
    const name = names[kind]
    return name == null ? [] : [[kind, name]]
  })
}

/** The key of a counter: nobody without the secret can tell what it counts. */
export function limitKey(secret: Buffer, ...what: string[]): Buffer {
  return createHmac('sha256', secret).update(JSON.stringify(what)).digest().subarray(0, 16)
}

/** The counters of a known device: its own, and that of all devices of its account. */
export interface DeviceKeys {
  own: Buffer
  all: Buffer
}

import { seal, unseal } from '../secrets/sealing.ts'

const PURPOSE = 'federation cookie'

/** How long what a browser keeps is valid, in seconds. */
export const SEALED_SECONDS = 600

/** Seals values for cookies of a browser: encrypted, and for a time. */
export interface Sealer {
  /** @param name what the value is: sealed under another name, it cannot be opened */
  seal(name: string, value: object): string
  /** @returns undefined if it was not sealed here under this name; 'expired' if it has expired */
  open<Value>(name: string, text: string): (Value & { sealedAt: number }) | 'expired' | undefined
}

/**
 * @param key derived for federation
 * @param now milliseconds since the epoch
 */
export function createSealer(key: Buffer, now: () => number): Sealer {
  const secrets = { current: key.toString('base64url') }
  return {
    seal(name, value) {
      const content = Buffer.from(JSON.stringify({ ...value, sealedAt: now() }))
      return seal(content, PURPOSE, name, secrets).toString('base64url')
    },
    open<Value>(name: string, text: string) {
      const content = unseal(Buffer.from(text, 'base64url'), PURPOSE, name, secrets)
      if (!content) return undefined
      const value: Value & { sealedAt: number } = JSON.parse(content.toString())
      return now() - value.sealedAt < SEALED_SECONDS * 1000 ? value : 'expired'
    }
  }
}

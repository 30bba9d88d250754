import { validateNewNames } from '../users/new-names.ts'
import type { ProvenIdentity } from './provider.ts'

/** Reads the address of an identity. One that no account could have counts as none. */
export function addressOf(email: unknown, isVerified: boolean): Pick<ProvenIdentity, 'email' | 'emailIsVerified'> {
  try {
    const names = validateNewNames({ email })
    return { email: String(names.email), emailIsVerified: isVerified }
  } catch {
    return { emailIsVerified: false }
  }
}

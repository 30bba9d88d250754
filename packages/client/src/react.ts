import { useSyncExternalStore } from 'react'
import type { Claims } from './claims.ts'
import type { Session } from './session.ts'

/** Claims of whoever is signed in; null if nobody is, undefined as long as that is not known. */
export const useSession = (session: Session): Claims | null | undefined =>
  useSyncExternalStore(session.on, session.claims, () => undefined)

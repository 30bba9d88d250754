import { createSession } from '@latchkey/client'
import { createApi } from '@latchkey/client/api'

/** One for the page. */
export const session = createSession({ service: import.meta.env.VITE_SERVICE ?? 'http://localhost:3000' })

export const api = createApi(session)

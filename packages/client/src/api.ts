import createClient, { type Client } from 'openapi-fetch'
import type { paths } from './document.ts'
import type { Session } from './session.ts'

export type { components, paths } from './document.ts'

/** A client of all routes, typed by the OpenAPI document of the service. */
export const createApi = (session: Session): Client<paths> =>
  createClient<paths>({ baseUrl: session.service, fetch: session.fetch })

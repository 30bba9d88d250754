import createClient from 'openapi-fetch'
import type { components, paths } from './document.ts'

/** A client of the types that openapi-typescript generates from the document, as strict as TypeScript allows. */
const client = createClient<paths>({ baseUrl: 'https://auth.example.com' })

/** Handles each refusal of `/login` by its code. It compiles only if these are all of them. */
export async function login(username: string, password: string): Promise<string> {
  const { data, error } = await client.POST('/login', { body: { username, password } })
  if (data) return data.access_token
  switch (error.code) {
    case 'VALIDATION_FAILED':
      return error.errors?.map(({ path, message }) => `${path} ${message}`).join() ?? error.message
    case 'MFA_REQUIRED':
      return error.challenge?.mfa_token ?? ''
    case 'INVALID_CREDENTIALS':
    case 'EMAIL_UNVERIFIED':
    case 'MALFORMED_REQUEST':
    case 'BODY_TOO_LARGE':
    case 'UNSUPPORTED_MEDIA_TYPE':
    case 'TOO_MANY_REQUESTS':
    case 'INTERNAL':
    case 'OVERLOADED':
    case 'DATABASE_UNAVAILABLE':
      return error.message
    default:
      return error satisfies never
  }
}

/** A code that a route does not have is an error of the compiler. */
export async function unknownCodes(): Promise<boolean[]> {
  const { error: ofLogin } = await client.POST('/login', { body: { email: 'ada@example.com', password: 'secret' } })
  const { error: ofAccount } = await client.GET('/me')
  return [
    // @ts-expect-error
    ofLogin?.code === 'STEP_UP_REQUIRED',
    // @ts-expect-error
    ofLogin?.code === 'NO_SUCH_CODE',
    // @ts-expect-error
    ofAccount?.code === 'MFA_REQUIRED',
    ofAccount?.code === 'TOKEN_EXPIRED'
  ]
}

/** Neither name, a key of another type, a missing one and a value outside of a list are errors of the compiler. */
export async function misuses(): Promise<void> {
  // @ts-expect-error
  await client.POST('/login', { body: { password: 'secret' } })
  // @ts-expect-error
  await client.POST('/login', { body: { username: 5, password: 'secret' } })
  // @ts-expect-error
  await client.POST('/login', { body: { username: 'ada' } })
  // @ts-expect-error
  await client.POST('/admin/users/{id}/mails', { params: { path: { id: '' } }, body: { kind: 'greeting' } })
  // @ts-expect-error
  await client.GET('/docs')
}

/** The types have the names of the document. */
export function nameOf(user: components['schemas']['User']): string {
  const name: string | null = user.username
  return name ?? user.id
}

export const body: components['schemas']['LoginRequest'] = { email: 'ada@example.com', password: 'secret' }

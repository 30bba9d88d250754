import type { Checked } from './comparison.ts'
import type { Surface } from './subject.ts'
import type { Target } from './targets.ts'

/** How our own service is spoken to. */
export const LATCHKEY: Surface = {
  register: { path: '/register', status: 201 },
  login: { path: '/login', status: 200 },
  secret: { path: '/secret' },
  name: 'username',
  password: 'password',
  token: 'access_token'
}

/** Whether a target keeps the core of the contract, and how it is spoken to. */
export async function check(_target: Target): Promise<Checked> {
  return { surface: LATCHKEY, contract: 'not checked', differences: [] }
}

import type { Checked } from './comparison.ts'
import type { Target } from './targets.ts'

/** Whether a target keeps the core of the contract, and how it is spoken to. */
export async function check(_target: Target): Promise<Checked> {
  return {
    surface: {
      register: { path: '/register', status: 201 },
      login: { path: '/login', status: 200 },
      secret: { path: '/secret' },
      name: 'username',
      password: 'password',
      token: 'access_token'
    },
    contract: 'not checked',
    differences: []
  }
}

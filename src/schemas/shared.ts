import { AdminKey, NewServiceKey, ServiceKey } from './admin/keys.ts'
import { AdminUser, ListedUser } from './admin/users.ts'
import { Problem } from './answers.ts'
import { Mfa, NewTotp, RecoveryCodes } from './mfa.ts'
import { Passkey } from './passkeys.ts'
import { Session, Tokens } from './sessions.ts'
import { PublicKey, TokenState } from './tokens.ts'
import { User } from './users.ts'

/** The named schemas of the OpenAPI document. */
export const SHARED = [
  AdminKey,
  AdminUser,
  NewServiceKey,
  ServiceKey,
  ListedUser,
  User,
  Tokens,
  Session,
  TokenState,
  PublicKey,
  Mfa,
  NewTotp,
  RecoveryCodes,
  Passkey,
  Problem
]

/** The same by their names. */
export const SCHEMAS = Object.fromEntries(SHARED.map((schema) => [String(schema.$id), schema]))

/** The answers of the admin API, as far as the console uses them: see /docs of the service. */

export interface ListedUser {
  id: string
  username: string | null
  email: string | null
  email_verified: boolean
  created_at: string
  disabled_at: string | null
  last_login_at: string | null
  roles: string[]
  has_password: boolean
}

export interface Json {
  [key: string]: unknown
}

export interface AdminUser extends ListedUser {
  metadata: Json
  factors: Factors
  limits: { name: string; wrong_passwords: number; blocked_for: number }[]
}

export interface Factors {
  required: boolean
  totp: { created_at: string } | null
  passkeys: number
  recovery_codes: number
}

export interface UserSession {
  id: string
  created_at: string
  last_used_at: string
  expires_at: string
  user_agent: string | null
  ip: string | null
  ended_at: string | null
  end_reason: string | null
}

export interface LogRecord {
  seq: number
  at: string
  actor: string
  action: string
  account: string | null
  session: string | null
  address: string | null
  request_id: string | null
  detail: Json | null
}

export interface Day {
  date: string
  registered: number
  login: number
  login_failed: number
  throttled: number
  mails_lost: number
}

export interface Statistics {
  users: { total: number; disabled: number; unverified: number; invited: number }
  sessions: { living: number }
  days: Day[]
}

export interface SigningKey {
  kid: string
  state: string
  created_at: string
  signs_from: string
  verifies_until: string | null
}

export interface ServiceKey {
  id: string
  name: string
  scopes: string[]
  created_at: string
  created_by: string | null
  expires_at: string | null
  last_used_at: string | null
  last_used_from: string | null
  revoked_at: string | null
}

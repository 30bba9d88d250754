import { readFileSync } from 'node:fs'
import { test } from 'tap'
import {
  ADDRESS_LIMITS,
  ALL_ACCOUNTS_LIMIT,
  type Limit,
  OPERATOR_LIMIT,
  RECIPIENT_LIMIT,
  WIDE
} from '../../../src/limits/rates.ts'

const WINDOWS: Record<number, string> = { 60: 'a minute', 300: '5 minutes', 1800: 'half an hour', 3600: 'an hour' }

const phrase = ({ most, within }: Limit) => `${most} in ${WINDOWS[within]}`

test('docs/limits.md states the limits', (t) => {
  const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8')
  const rows: [what: string, limits: Limit[]][] = [
    ['`/login` from one address', [ADDRESS_LIMITS.login]],
    ['`/login/mfa` and `/token/step-up` from one address', [ADDRESS_LIMITS['second factor']]],
    ['`/login/passkey/options` and `/login/passkey` from one address', [ADDRESS_LIMITS['passkey login']]],
    [
      '`/federation/…` from one address, and adding or removing a provider on the account page',
      [ADDRESS_LIMITS['federated login']]
    ],
    ['`/register` from one address', [ADDRESS_LIMITS.register]],
    ['`/token/refresh` from one address, and `/logout`', [ADDRESS_LIMITS.refresh, ADDRESS_LIMITS.logout]],
    ['requests for mails from one address', [ADDRESS_LIMITS.mail]],
    ['mails of one kind to one address, known or not', [RECIPIENT_LIMIT]],
    ['mails that join the address to an account', [RECIPIENT_LIMIT]],
    ['`/password/change` and `/password/reset` from one address', [ADDRESS_LIMITS.password]],
    [
      'changes of the username, exports, deletions of accounts, from one address',
      [ADDRESS_LIMITS['username change'], ADDRESS_LIMITS.export, ADDRESS_LIMITS['account deletion']]
    ],
    [
      'wrong bearer tokens at `/admin/…`, and wrong service keys at `/introspect` and `/metrics`, from one address',
      [ADDRESS_LIMITS.admin]
    ],
    ['requests to `/admin/…` of one account, with a role or without, or of one service key', [OPERATOR_LIMIT]],
    ['mails of one kind to one address by operators', [RECIPIENT_LIMIT]]
  ]
  for (const [what, limits] of rows) for (const limit of limits) t.match(page, `| ${what} | ${phrase(limit)}`)
  t.match(page, `${phrase(RECIPIENT_LIMIT)} for each account, ${ALL_ACCOUNTS_LIMIT.most} for all`)
  t.equal(ALL_ACCOUNTS_LIMIT.within, RECIPIENT_LIMIT.within)
  t.equal(WIDE, 10)
  t.match(page, 'its /48 has ten times the limit')
  const stated = rows.flatMap(([, limits]) => limits)
  t.strictSame(
    Object.values(ADDRESS_LIMITS).filter((limit) => !stated.includes(limit)),
    [],
    'all of them'
  )
  t.end()
})

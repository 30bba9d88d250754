import { type Static, Type } from '@sinclair/typebox'
import { list, nullable, strict, Text, Time, UUID } from '../fields.ts'
import { ACTIONS } from './actions.ts'
import { Cursor, Limit, MomentText, Next } from './queries.ts'

/** The filters of the audit log: all of those given hold. */
export const RecordQuery = Type.Object(
  {
    limit: Type.Optional(Limit),
    cursor: Type.Optional({ ...Cursor, pattern: '^[1-9][0-9]{0,14}$' }),
    account: Type.Optional(Type.String({ pattern: UUID, description: 'a UUID' })),
    by: Type.Optional(
      Type.String({
        pattern: `^[0-9A-Za-z-]{1,36}$`,
        description: 'the id of the account or the service key that did it'
      })
    ),
    action: Type.Optional(
      Type.Unsafe<(typeof ACTIONS)[number]>(Type.String({ enum: ACTIONS, examples: ['login failed'] }))
    ),
    address: Type.Optional(
      Type.String({ pattern: '^[0-9A-Fa-f.:]{1,45}$', description: 'an IP address', examples: ['198.51.100.7'] })
    ),
    after: Type.Optional(MomentText),
    before: Type.Optional(MomentText)
  },
  strict
)

export type RecordQuery = Static<typeof RecordQuery>

export const RecordsAnswer = Type.Object(
  {
    records: list({
      seq: Type.Integer({ examples: [1] }),
      at: Time,
      actor: Type.String({ examples: ['client'] }),
      action: Type.String({ examples: ['login'] }),
      account: nullable(Text),
      session: nullable(Text),
      address: nullable(Text),
      request_id: nullable(Text),
      detail: nullable(Type.Unsafe<object>({ type: 'object', additionalProperties: true }))
    }),
    next: Next
  },
  { ...strict, description: 'The records, the newest first.' }
)

/** How many days of statistics. */
export const StatisticsQuery = Type.Object(
  {
    days: Type.Optional(
      Type.String({ pattern: '^(?:[1-9]|[1-8][0-9]|90)$', description: 'a number from 1 to 90', examples: ['30'] })
    )
  },
  strict
)

const count = Type.Integer({ examples: [0] })

export const StatisticsAnswer = Type.Object(
  {
    users: Type.Object({ total: count, disabled: count, unverified: count, invited: count }, strict),
    sessions: Type.Object({ living: count }, strict),
    days: list({
      date: Type.String({ format: 'date', examples: ['2026-01-31'] }),
      registered: count,
      login: count,
      login_failed: count,
      throttled: count,
      mails_lost: count
    })
  },
  { ...strict, description: 'The statistics: days in UTC, the oldest first, today included.' }
)

export type Statistics = Static<typeof StatisticsAnswer>

import type { TSchema } from '@sinclair/typebox'
import { Cursor, Limit } from '../../src/schemas/admin/queries.ts'
import { AssertionCredential, RequestOptions } from '../../src/schemas/factors.ts'
import { CurrentPassword, Email, EmailToken, Id, Metadata, Roles, Time, Username } from '../../src/schemas/fields.ts'

/** What many schemas contain: components of the document, too. */
export const PARTS: Record<string, TSchema> = {
  AssertionCredential,
  CurrentPassword,
  Cursor,
  Email,
  EmailToken,
  Id,
  Limit,
  Metadata,
  RequestOptions,
  Roles,
  Time,
  Username
}

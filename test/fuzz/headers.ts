import { AUTHORIZATIONS, MARK } from '@latchkey/contract/suite/oddities'
import fc from 'fast-check'
import type { Operation } from './document.ts'
import { constantly, constantlyFrom, type Part } from './part.ts'

export type Headers = Record<string, string | undefined>

/** The ways to sign in that the operation names; nothing where nobody has to. */
export function rightCredentials({ security = [] }: Operation): fc.Arbitrary<Part<Headers>> {
  const ways = security.flatMap((way) => Object.keys(way))
  return fc.oneof(
    ...[
      ways.length === 0
        ? constantly({})
        : ways.map((way) =>
            fc.constant<Part<Headers>>(({ own }) => {
              if (way === 'cookie') return { cookie: own.cookie, origin: own.origin }
              if (way !== 'introspectionBasic') return { authorization: `Bearer ${own[way]}` }
              return { authorization: `Basic ${Buffer.from(`${MARK}:${own.introspection}`).toString('base64')}` }
            })
          )
    ].flat()
  )
}

/** None, those of another scheme or another time, and those that somebody has been at. */
export function oddCredentials({ security = [] }: Operation): fc.Arbitrary<Part<Headers>> {
  const [way = 'bearer'] = security.flatMap((each) => Object.keys(each))
  if (way === 'cookie') {
    return fc
      .record({
        origin: fc.constantFrom(undefined, 'null', `https://${MARK}`, '*'),
        cookie: fc.constantFrom(MARK, '=', ';', undefined)
      })
      .map(({ origin, cookie }) => ({ own }) => ({ cookie: own.cookie ?? cookie, origin }))
  }
  return fc.oneof(
    { weight: 2, arbitrary: constantly({}) },
    { weight: 2, arbitrary: constantlyFrom(AUTHORIZATIONS.map((authorization) => ({ authorization }))) },
    {
      weight: 4,
      arbitrary: fc.constant<Part<Headers>>(({ former }) => ({ authorization: `Bearer ${former.bearer}` }))
    },
    { weight: 1, arbitrary: fc.constant<Part<Headers>>(({ own }) => ({ authorization: `Basic ${own[way]}` })) },
    { weight: 1, arbitrary: fc.constant<Part<Headers>>(({ own }) => ({ authorization: `bEARER  ${own[way]} ` })) },
    {
      weight: 1,
      arbitrary: fc.constant<Part<Headers>>(({ own }) => ({ authorization: `Bearer ${own.refresh_token}` }))
    },
    {
      weight: 2,
      arbitrary: fc.nat().map(
        (at): Part<Headers> =>
          ({ own }) => ({ authorization: `Bearer ${tampered(own[way] ?? '', at)}` })
      )
    }
  )
}

function tampered(token: string, at: number): string {
  const letters = [...token]
  const index = at % (letters.length + 1)
  letters[index] = letters[index] === 'A' ? 'B' : 'A'
  return letters.join('')
}

/** What HTTP lets a header be. */
const headerTexts = fc.oneof(
  fc.constantFrom(
    '',
    '*',
    MARK,
    `"${MARK}"`,
    `W/"${MARK}"`,
    'x'.repeat(3000),
    'x'.repeat(20_000),
    'gzip',
    'identity;q=0',
    'bytes=0-0',
    'bytes=9-1'
  ),
  fc.uint8Array({ maxLength: 70 }).map((bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[^ -~\x80-\xff]/g, '')
  )
)

/** Headers that change nothing. */
export const oddHeaders: fc.Arbitrary<Part<Headers>> = fc
  .record(
    {
      'x-request-id': fc.oneof(headerTexts, fc.stringMatching(/^[A-Za-z0-9._-]{8,64}$/)),
      'if-none-match': headerTexts,
      'if-modified-since': headerTexts,
      range: headerTexts,
      accept: headerTexts,
      'accept-encoding': headerTexts,
      'content-encoding': headerTexts,
      cookie: headerTexts,
      origin: headerTexts,
      'user-agent': headerTexts,
      'x-forwarded-for': headerTexts,
      'x-http-method-override': fc.constantFrom('DELETE', 'GET', MARK)
    },
    { requiredKeys: [] }
  )
  .map((headers) => () => headers)

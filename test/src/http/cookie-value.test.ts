import { parseCookie } from 'cookie'
import { test } from 'tap'
import { cookieValue } from '../../../src/http/cookie-value.ts'

test('the value of a cookie', async (t) => {
  const cases: [header: string | undefined, value: string | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['id', undefined],
    ['id=', ''],
    ['id=1', '1'],
    ['other=2; id=1; more=3', '1'],
    ['other=2;id=1;more=3', '1'],
    ['other=2; \t id=\t1 ;more=3', '1'],
    ['  id=1', '1'],
    ['id=1; id=2', '1'],
    ['id=; id=2', ''],
    ['xid=1', undefined],
    ['xid=1; id=2', '2'],
    ['x id=1; id=2', '2'],
    ['x=id=1', undefined],
    ['x=id=1; id=2', '2'],
    ['ID=1', undefined],
    ['id=%41%; x', '%41%'],
    ['id=a=b', 'a=b'],
    ['id="a"', '"a"'],
    [';;;id=1', '1'],
    ['__proto__=1; id=2', '2']
  ]
  for (const [header, value] of cases) {
    await t.test(`of ${header}`, async (t) => {
      t.equal(cookieValue(header, 'id'), value)
      t.equal(parseCookie(header ?? '', { decode: (text) => text }).id, value, 'as the library reads it')
    })
  }
})

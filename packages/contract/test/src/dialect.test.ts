import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { DialectError, parseDialect, readDialect } from '../../src/dialect.ts'

test('a dialect is read from its file', (t) => {
  const folder = t.testdir({ 'dialect.json': '{"paths": {"login": "/sign-in"}}' })
  t.strictSame(readDialect(join(folder, 'dialect.json')), { paths: { login: '/sign-in' } })
  t.throws(() => readDialect(join(folder, 'none.json')), { message: /none\.json cannot be read: ENOENT$/ })
  t.end()
})

test('the examples are dialects', (t) => {
  const folder = new URL('../../dialects/', import.meta.url)
  const files = readdirSync(folder)
  t.not(files.length, 0)
  for (const file of files) t.type(readDialect(new URL(file, folder).pathname).name, 'string', file)
  t.end()
})

test('a typo is reported with a suggestion', (t) => {
  const rows: [string, string][] = [
    ['{', 'd.json is not JSON'],
    ['[]', 'd.json: a dialect must be an object'],
    ['{"path": {}}', 'd.json: there is no "path"; did you mean "paths"?'],
    ['{"statuses": {"invald": 422}}', 'd.json: there is no "invald" in statuses; did you mean "invalid"?'],
    ['{"paths": {"zzzzzz": "/x"}}', 'd.json: there is no "zzzzzz" in paths; there are register, login, secret'],
    ['{"paths": {"login": "sign-in"}}', 'd.json: paths.login must be a path that begins with /'],
    ['{"paths": 5}', 'd.json: paths must be an object'],
    ['{"statuses": {"invalid": "422"}}', 'd.json: statuses.invalid must be a status of refusal, 400 to 499'],
    ['{"statuses": {"token_invalid": 200}}', 'd.json: statuses.token_invalid must be a status of refusal, 400 to 499'],
    ['{"statuses": {"registered": 409}}', 'd.json: statuses.registered must be a status of success, 200 to 299'],
    ['{"identifier": "name"}', 'd.json: identifier must be "username" or "email"'],
    ['{"fields": {"id": 5}}', 'd.json: fields.id must be the name of the key there, or null where it has none'],
    ['{"expires_in": 0}', 'd.json: expires_in must be seconds, a positive whole number'],
    ['{"folds_names": "yes"}', 'd.json: folds_names must be true or false'],
    ['{"lacks": {"expired": ""}}', 'd.json: lacks.expired must be the reason, as text'],
    [
      '{"naem": "x", "identifier": 1}',
      'd.json: there is no "naem"; did you mean "name"?; identifier must be "username" or "email"'
    ]
  ]
  for (const [text, message] of rows) t.throws(() => parseDialect(text, 'd.json'), new DialectError(message), text)
  t.end()
})

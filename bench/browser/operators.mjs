/** The built service with operators and many accounts, some of which want to look like something else. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@latchkey/compare/measure/free-port'
import { ENVIRONMENT, Service } from '../shared/service.ts'

const COMMAND = fileURLToPath(new URL('../../dist/src/latchkey.js', import.meta.url))

export const PASSWORD = 'correct horse battery staple'

/** Texts of strangers: markup, a formula of a spreadsheet, and characters that reverse or hide others. */
export const HOSTILE = {
  agent: '<img src=x onerror="document.title=1">',
  email: "=1+1|{x}'@example.com",
  reversed: 'user\u202egnp.exe',
  hidden: 'pay\u200bpal',
  mixed: 'p\u0430ypal',
  markup: '</pre><script>document.title=2</script>'
}

/** Starts the service with `count` accounts beside the operators ada (admin) and sam (support), and bob, who has no role. */
export async function startWithOperators({ count = 2_000, environment = {} } = {}) {
  const port = await freePort()
  const base = `http://127.0.0.1:${port}`
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-console-'))
  const settings = {
    PUBLIC_URL: base,
    DATA_DIR: join(folder, 'data'),
    LOG_LEVEL: 'error',
    LIMITS: 'on',
    ...environment
  }
  const start = () => Service.start({ port, environment: settings })
  const run = (...args) =>
    execFileSync(process.execPath, [COMMAND, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...ENVIRONMENT, ...settings },
      stdio: 'ignore'
    })

  async function call(method, path, body, token) {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const response = await fetch(base + path, { method, headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  const first = await start()
  await call('POST', '/register', { username: 'ada', email: 'ada@example.com', password: PASSWORD })
  const sam = await call('POST', '/register', { username: 'sam', password: PASSWORD })
  await call('POST', '/register', { username: 'bob', email: HOSTILE.email, password: PASSWORD })
  // Commands need the embedded database for themselves.
  await first.stop()
  const file = join(folder, 'accounts.jsonl')
  writeFileSync(
    file,
    `${accounts(count)
      .map((each) => JSON.stringify(each))
      .join('\n')}\n`
  )
  run('users', 'import', file)
  run('users', 'roles', 'ada', '+admin')
  const service = await start()
  const { access_token } = await call('POST', '/login', { username: 'ada', password: PASSWORD })
  await call('PATCH', `/admin/users/${sam.id}`, { roles: ['support'] }, access_token)
  return {
    base,
    async stop() {
      await service.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const FIRST = ['linus', 'barbara', 'edsger', 'donald', 'margaret', 'alan', 'katherine', 'tim', 'radia', 'ken']
const HOUR = 3_600_000

/** Accounts of the past, the last one an hour ago. */
function accounts(count) {
  return Array.from({ length: count }, (_, index) => {
    const username = `${FIRST[index % FIRST.length]}.${index + 1}`
    return {
      username,
      ...(index % 7 > 0 && { email: `${username}@example.org`, email_verified: index % 3 > 0 }),
      created_at: new Date(Date.now() - (count - index) * HOUR).toISOString(),
      ...(index % 50 === 1 && { disabled_at: new Date(Date.now() - HOUR).toISOString() })
    }
  })
}

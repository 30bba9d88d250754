/**
 * Tests browser mode in a real Chromium: a frontend in CORS_ORIGINS, a foreign site and a sibling subdomain, all over
 * TLS.
 *
 *   npm run build && npm i --no-save playwright-core && node --import tsx bench/browser/cookies.mjs [/usr/bin/chromium]
 *
 * Starts the built service on an embedded database, and a TLS proxy with a certificate made by openssl.
 */
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { chromium } from 'playwright-core'
import { Service } from '../shared/service.ts'
import { selfSigned } from './certificate.mjs'

const [executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const [PORT, TLS_PORT] = [3921, 8443]
const at = (host) => `https://${host}:${TLS_PORT}`
const [AUTH, APP, SIBLING, FOREIGN] = ['auth.example.test', 'app.example.test', 'other.example.test', 'evil.test'].map(
  at
)

const service = await Service.start({
  port: PORT,
  environment: {
    PUBLIC_URL: AUTH,
    CORS_ORIGINS: APP,
    LOG_LEVEL: 'error'
  }
})
const proxy = tlsProxy()
let browser
try {
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * 127.0.0.1'
    ]
  })
  await tryOut(await browser.newContext({ ignoreHTTPSErrors: true }))
} finally {
  await browser?.close()
  proxy.close().closeAllConnections()
  await service.stop()
}

async function tryOut(context) {
  const app = await open(context, APP)
  const account = { username: 'ada', password: 'correct horse battery staple' }
  assert.equal((await call(app, '/register', account)).status, 201)

  const login = await call(app, '/login', { ...account, cookie: true })
  assert.deepEqual([login.status, 'refresh_token' in login.body], [200, false])
  say('a frontend of CORS_ORIGINS signs in, and the body has no refresh token')
  const [cookie] = await context.cookies(AUTH)
  const { name, httpOnly, secure, sameSite, path, domain } = cookie
  assert.deepEqual(
    { name, httpOnly, secure, sameSite, path, domain },
    {
      name: '__Host-refresh_token',
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
      path: '/',
      domain: 'auth.example.test'
    }
  )
  assert.equal(await app.evaluate('document.cookie'), '')
  say(`the browser keeps ${name}: HttpOnly, Secure, SameSite=Strict, for ${domain} alone; no script sees it`)

  const first = await call(app, '/token/refresh', {})
  assert.equal(first.status, 200)
  assert.notEqual((await context.cookies(AUTH))[0].value, cookie.value)
  say('it refreshes with {} and the cookie is another')

  const tabs = [app, await open(context, APP), await open(context, APP)]
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(tabs.map((tab) => call(tab, '/token/refresh', {})))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200]
    )
  }
  say('three tabs refresh at once, ten times over, and nobody is logged out')

  for (const [what, origin] of [
    ['a foreign site', FOREIGN],
    ['a sibling subdomain', SIBLING]
  ]) {
    const page = await open(context, origin)
    for (const path of ['/token/refresh', '/logout']) {
      proxy.seen.length = 0
      assert.equal((await call(page, path, {})).error, 'TypeError')
      await page.evaluate(sendAnyway, `${AUTH}${path}`)
      assert.ok(proxy.seen.length > 0)
      assert.ok(
        proxy.seen.every(({ status }) => [403, 405, 415].includes(status) || status === 204),
        JSON.stringify(proxy.seen)
      )
      const sent = proxy.seen.map(
        ({ method, status, cookie }) => `${method} ${status}${cookie ? ' with the cookie' : ''}`
      )
      say(`${what} gets nothing from ${path}: ${sent.join(', ')}`)
    }
    await page.close()
  }
  assert.equal((await call(app, '/token/refresh', {})).status, 200)
  say('and the frontend is still signed in')

  assert.equal((await call(app, '/logout', {})).status, 204)
  assert.deepEqual(await context.cookies(AUTH), [])
  assert.equal((await call(app, '/token/refresh', {})).status, 400)
  say('it signs out, and the cookie is gone')
}

/** Runs in the page: requests without a CORS preflight. */
async function sendAnyway(url) {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    const options = {
      method: 'POST',
      mode: 'no-cors',
      credentials: 'include',
      headers: { 'content-type': type },
      body: '{}'
    }
    await fetch(url, options).catch(() => {})
  }
}

async function open(context, origin) {
  const page = await context.newPage()
  await page.goto(`${origin}/`)
  return page
}

/** Makes the page call the service with cookies, like a frontend. */
function call(page, path, payload) {
  return page.evaluate(
    async ([url, body]) => {
      try {
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(url, { method: 'POST', credentials: 'include', headers, body })
        const text = await response.text()
        return { status: response.status, body: text && JSON.parse(text) }
      } catch (error) {
        return { error: error.name }
      }
    },
    [`${AUTH}${path}`, JSON.stringify(payload)]
  )
}

/** A TLS server for all host names: forwards one to the service, and serves an empty page for all others. */
function tlsProxy() {
  const seen = []
  const server = https.createServer(selfSigned(['*.example.test', 'evil.test']), (request, response) => {
    if (request.headers.host !== new URL(AUTH).host) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a page</title>')
      return
    }
    const { method, url: path, headers } = request
    const upstream = http.request({ port: PORT, host: '127.0.0.1', method, path, headers }, (answer) => {
      seen.push({ method, path, status: answer.statusCode, cookie: headers.cookie !== undefined })
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    request.pipe(upstream)
  })
  return Object.assign(server.listen(TLS_PORT, '127.0.0.1'), { seen })
}

function say(line) {
  process.stdout.write(`ok  ${line}\n`)
}

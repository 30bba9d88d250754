/**
 * Follows an account in a real Chromium without scripts: registers, receives the mail over SMTP, confirms on the page
 * of its link, resets the password, changes the address, undoes that, exports the data and deletes the account. Takes a
 * screenshot of each mail and page in desktop and phone widths, light and dark, and checks that the content security
 * policy blocks nothing of a page.
 *
 *   npm run build && node --import tsx bench/browser/mail.mjs [folder for pictures] [chromium]
 *
 * Starts the built service on an embedded database, and a mail server.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { SMTPServer } from 'smtp-server'
import { Service } from '../shared/service.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-mail-'))
const [pictures = join(folder, 'pictures'), executablePath = '/usr/bin/chromium'] = process.argv.slice(2)
const [PORT, SMTP_PORT] = [3922, 2522]
const base = `http://127.0.0.1:${PORT}`
const [FIRST, SECOND, THIRD] = ['a first long password', 'a second long password', 'a third long password']
const mails = []
/** Messages of the browser about the pages, and requests with a Referer. */
const complaints = []
mkdirSync(pictures, { recursive: true })

const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, { envelope }, done) {
    text(stream).then((raw) => {
      mails.push({ to: envelope.rcptTo[0].address, ...partsOf(raw) })
      done()
    }, done)
  }
})
smtp.listen(SMTP_PORT, '127.0.0.1')
const service = await Service.start({
  port: PORT,
  environment: {
    PUBLIC_URL: base,
    SMTP_URL: `smtp://127.0.0.1:${SMTP_PORT}`,
    MAIL_FROM: 'Example <no-reply@example.com>',
    LOG_LEVEL: 'error',
    LIMITS: 'on'
  }
})
let browser

try {
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })

  await say('/register', { username: 'ada', email: 'ada@example.com', password: FIRST }, 201)
  let page = await follow('verify-email', 'ada@example.com')
  assert.equal(await heading(page), 'Confirm your email address')
  await page.fill('input[name=password]', 'another password')
  await send(page, 'Confirm your email address', 'Check what is marked below')
  await picture(page, 'page-verify-email-refused')
  await page.fill('input[name=password]', FIRST)
  await send(page, 'Your address is confirmed')

  await say('/password/forgot', { email: 'ada@example.com' }, 202)
  page = await follow('reset-password', 'ada@example.com')
  await page.fill('input[name=new_password]', 'password')
  await send(page, 'Choose a new password', 'Check what is marked below')
  await picture(page, 'page-reset-password-refused')
  await page.fill('input[name=new_password]', SECOND)
  await send(page, 'Your password is changed')
  await letter('password-changed', await mailTo('ada@example.com'))

  const { access_token } = await say('/login', { username: 'ada', password: SECOND }, 200)
  const change = { new_email: 'ada@new.example', current_password: SECOND }
  await say('/email/change', change, 202, { authorization: `Bearer ${access_token}` })
  page = await follow('confirm-new-email', 'ada@new.example')
  await send(page, 'Your address is changed')
  page = await follow('email-changed', 'ada@example.com')
  await page.fill('input[name=new_password]', THIRD)
  await send(page, 'You have your address back')
  await letter('password-changed', await mailTo('ada@example.com'))
  await page.goBack()
  await page.reload()
  assert.equal(await heading(page), 'This link has expired or was already used')
  await picture(page, 'page-link-used')
  const { access_token: last } = await say('/login', { email: 'ada@example.com', password: THIRD }, 200)
  const authorization = `Bearer ${last}`
  const exported = await (await fetch(`${base}/me/export`, { headers: { authorization } })).json()
  assert.equal(exported.user.email, 'ada@example.com')
  const leaving = { method: 'DELETE', headers: { authorization, 'content-type': 'application/json' } }
  const left = await fetch(`${base}/me`, { ...leaving, body: JSON.stringify({ current_password: THIRD }) })
  assert.equal(left.status, 204)
  await say('/login', { email: 'ada@example.com', password: THIRD }, 401)
  // Refused passwords.
  const refused = /^Failed to load resource: the server responded with a status of 40[01]/
  assert.deepEqual(
    complaints.filter((complaint) => !refused.test(complaint)),
    []
  )
  process.stdout.write(`ok: the whole way; pictures are in ${pictures}\n`)
} finally {
  await browser?.close()
  await service.stop()
  smtp.close()
  if (!pictures.startsWith(folder)) rmSync(folder, { recursive: true, force: true })
}

/** Receives the next mail to an address, renders it, and follows its link in a browser without scripts. */
async function follow(name, address) {
  const mail = await mailTo(address)
  const opened = await letter(name, mail)
  const link = await opened.getAttribute('a.button', 'href')
  assert.ok(link.startsWith(`${base}/pages/`) && mail.text.includes(link), link)
  const page = await open()
  await page.goto(link)
  await picture(page, `page-${name}`)
  return page
}

async function letter(name, { html }) {
  const page = await open()
  await page.setContent(html)
  await picture(page, `letter-${name}`)
  return page
}

async function open() {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('request', (request) => {
    const { referer = base } = request.headers()
    if (new URL(referer).origin !== base) complaints.push(`Referer: ${referer}`)
  })
  return page
}

async function send(page, title, fault) {
  await Promise.all([page.waitForNavigation(), page.click('button')])
  assert.equal(await heading(page), title)
  if (fault) assert.match(await page.textContent('[role=alert]'), new RegExp(fault))
}

function heading(page) {
  return page.textContent('h1')
}

async function picture(page, name) {
  for (const [width, colorScheme] of [
    [900, 'light'],
    [375, 'dark']
  ]) {
    await page.setViewportSize({ width, height: 700 })
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(pictures, `${name}-${width}.png`), fullPage: true })
  }
}

async function say(path, body, status, headers = {}) {
  const response = await fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body)
  })
  assert.equal(response.status, status, path)
  return response.json()
}

async function mailTo(address) {
  let mail
  await until(() => {
    const index = mails.findIndex(({ to }) => to === address)
    if (index >= 0) [mail] = mails.splice(index, 1)
    return mail
  })
  return mail
}

async function until(met) {
  for (let tries = 0; tries < 1800; tries += 1) {
    if (await met()) return
    await pause(100)
  }
  throw new Error('it did not come')
}

/** The two parts of a message, decoded (RFC 2045 §6.7). */
function partsOf(raw) {
  const [, boundary] = /boundary="([^"]+)"/.exec(raw)
  const [, text, html] = raw
    .split(`--${boundary}--`)[0]
    .split(`--${boundary}\r\n`)
    .map((part) => {
      const [head, ...body] = part.split('\r\n\r\n')
      const content = body.join('\r\n\r\n')
      if (!/quoted-printable/.test(head)) return content
      const bytes = content
        .replaceAll('=\r\n', '')
        .replaceAll(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(`0x${code}`))
      return Buffer.from(bytes, 'latin1').toString()
    })
  return { text, html }
}

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Parser, type Result } from 'tap-parser'
import type { Expectation } from './report.ts'
import { LIMITED, TargetError } from './target.ts'

const FOLDER = new URL('../test/suite/', import.meta.url)
const PACKAGE = fileURLToPath(new URL('../', import.meta.url))

/** The section of the contract that each file of the suite covers; other files are sections of their own. */
const SECTIONS: Record<string, string> = {
  accounts: 'The heart',
  conventions: 'Conventions',
  hostile: 'Conventions',
  service: 'Service',
  sessions: 'Sessions',
  tokens: 'Access tokens',
  mail: 'The life of an account',
  'second-step': 'Second factors',
  'step-up': 'Second factors',
  mfa: 'Second factors',
  'passkey-login': 'Passkeys',
  passkeys: 'Passkeys',
  pages: 'Hosted pages',
  admin: 'Administration',
  'factor-limits': 'Limits',
  core: 'The core'
}

/** Runs the files of test/suite/ against a URL, one after the other. */
export async function runSuite(
  url: string,
  add: (section: string, expectation: Expectation) => void,
  folder = FOLDER
): Promise<void> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts'))
  const order = Object.keys(SECTIONS)
  files.sort((one, other) => order.indexOf(basename(one, '.test.ts')) - order.indexOf(basename(other, '.test.ts')))
  for (const file of files) {
    const name = basename(file, '.test.ts')
    const section = SECTIONS[name] ?? name
    await runFile(fileURLToPath(new URL(file, folder)), url, (expectation) => add(section, expectation))
  }
  const details = ['they count requests, which a suite from one address cannot be without LIMITS=off']
  add('Limits', { title: 'limits on guesses and addresses', state: 'not checked', details })
}

async function runFile(file: string, url: string, add: (expectation: Expectation) => void): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: PACKAGE,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CONTRACT_URL: url, TAP_TIMEOUT: '600' }
  })
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2_000)
  })
  try {
    const { count, limited } = await readTap(child.stdout, add)
    if (limited) throw new TargetError(LIMITED)
    if (count === 0) {
      const last = complaint.trim().replace(/^.*\n/s, '')
      add({ title: basename(file), state: 'fails', details: [`the file did not run: ${last}`] })
    }
  } finally {
    child.kill()
  }
}

/** Parses the output of one file: each subtest is an expectation, and so is a test without subtests. */
export function readTap(
  output: NodeJS.ReadableStream,
  add: (expectation: Expectation) => void
): Promise<{ count: number; limited: boolean }> {
  return new Promise((resolve, reject) => {
    const parser = new Parser()
    let count = 0
    let limited = false
    const tell = (title: string, inside: Details) => {
      limited ||= inside.limited
      if (limited) return resolve({ count, limited })
      count += 1
      add(expectationOf(title, inside))
    }
    parser.on('child', (top: Parser) => {
      // Assertions of the test outside its subtests.
      const own = collect(top, false)
      top.on('child', (second: Parser) => {
        const inside = collect(second, true)
        second.on('complete', () => tell(second.name, inside))
      })
      top.on('complete', () => {
        if (own.asserted > 0) tell(top.name, own)
      })
    })
    parser.on('complete', () => resolve({ count, limited }))
    output.on('error', reject)
    output.pipe(parser as unknown as NodeJS.WritableStream)
  })
}

interface Details {
  asserted: number
  failures: string[]
  skipped: string[]
  limited: boolean
}

/** Collects the failures of a test and of all its subtests. */
function collect(
  parser: Parser,
  deep: boolean,
  into: Details = { asserted: 0, failures: [], skipped: [], limited: false },
  path = ''
): Details {
  const children = new Set<string>()
  parser.on('child', (child: Parser) => {
    children.add(child.name)
    if (deep) collect(child, true, into, `${path}${child.name}: `)
  })
  parser.on('assert', ({ ok, name, skip, todo, diag }: Result) => {
    if (children.has(name)) return
    into.asserted += 1
    if (skip || todo) into.skipped.push(typeof skip === 'string' ? skip : name)
    else if (!ok) {
      const told = JSON.stringify(diag ?? {})
      into.limited ||= told.includes('TOO_MANY_REQUESTS') || /\+ *(?:"status": )?429\b/.test(String(diag?.diff))
      into.failures.push(`${path}${name}${seenIn(diag)}`)
    }
  })
  return into
}

/** The lines that differ, on one line. */
function seenIn(diag: Result['diag']): string {
  const changed = String(diag?.diff ?? '')
    .split('\n')
    .filter((line) => /^[-+](?![-+])/.test(line))
    .map((line) => line.replace(/\s+/g, ' ').replace(/,$/, ''))
  const text = changed.join('  ')
  return text && `: ${text.length > 160 ? `${text.slice(0, 160)}…` : text}`
}

function expectationOf(title: string, { failures, skipped, asserted }: Details): Expectation {
  if (failures.length > 0) return { title, state: 'fails', details: failures }
  if (skipped.length > 0) return { title, state: 'not checked', details: skipped }
  if (asserted === 0) return { title, state: 'not checked', details: ['nothing was asserted'] }
  return { title, state: 'holds', details: [] }
}

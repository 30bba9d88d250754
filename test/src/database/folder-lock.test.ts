import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { mock } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { FolderLocked, lockFolder } from '../../../src/database/folder-lock.ts'

const HERE = hostname()
const MINE = `is in use by process ${process.pid} on ${HERE}: stop that service first, or set another DATA_DIR`

/** The id of a process that has ended. */
const dead = () => spawnSync(process.execPath, ['--version']).pid

/** The start time of a process in clock ticks. */
const startOf = (pid: number | undefined) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]

const identityOf = (folder: string) => `${statSync(folder).dev}:${statSync(folder).ino}`

const holder = (pid: number | undefined, { host = HERE, started = '1' } = {}) => JSON.stringify({ pid, host, started })

/** A folder with a lock of an age in seconds. */
function lockedFolder(t: Test, lock: string, age = 0): string {
  const folder = t.testdir({ lock })
  const time = Date.now() / 1000 - age
  utimesSync(`${folder}/lock`, time, time)
  return folder
}

/** Locks the folder until the test ends. */
function lock(t: Test, folder: string): () => void {
  const unlock = lockFolder(folder)
  t.teardown(unlock)
  return unlock
}

test('a folder is locked for this process, and unlocked', async (t) => {
  const folder = t.testdir()
  const unlock = lock(t, folder)
  t.strictSame(JSON.parse(readFileSync(`${folder}/lock`, 'utf8')), {
    pid: process.pid,
    host: HERE,
    started: startOf(process.pid),
    folder: identityOf(folder)
  })
  t.equal(statSync(`${folder}/lock`).mode & 0o777, 0o600)
  t.throws(() => lockFolder(folder), { name: 'FolderLocked', message: `${folder} ${MINE}` })

  unlock()
  t.strictSame(readdirSync(folder), [])
  lock(t, folder)()
  t.strictSame(readdirSync(folder), [])
})

test('a folder is in use while its lock', async (t) => {
  await t.test('names a running process', async (t) => {
    const child = spawn('sleep', ['60'])
    t.teardown(() => child.kill('SIGKILL'))
    const folder = lockedFolder(t, holder(child.pid, { started: String(startOf(child.pid)) }), 3600)
    t.throws(() => lockFolder(folder), {
      message: `${folder} is in use by process ${child.pid} on ${HERE}: stop that service first, or set another DATA_DIR`
    })
  })

  await t.test('names the process of another user', async (t) => {
    t.intercept(process, 'kill', {
      value: () => {
        throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
      }
    })
    const folder = lockedFolder(t, holder(1))
    t.throws(() => lockFolder(folder), FolderLocked)
  })

  await t.test('is being written', async (t) => {
    for (const torn of ['', '{"pid":12']) {
      const folder = lockedFolder(t, torn)
      t.throws(() => lockFolder(folder), {
        message: `${folder} is in use by a process that is starting: stop that service first, or set another DATA_DIR`
      })
    }
  })

  await t.test('is renewed from another host', async (t) => {
    const folder = lockedFolder(t, holder(dead(), { host: 'elsewhere' }), 12)
    t.throws(() => lockFolder(folder), { message: /is in use by process \d+ on elsewhere: / })
  })
})

test('a folder is taken over where its lock', async (t) => {
  const left: [string, () => string, number][] = [
    ['names a process that is dead', () => holder(dead()), 0],
    ['names a process whose number another one has now', () => holder(process.pid, { started: '1' }), 0],
    ['was left half written by a crash', () => '{"pid":12', 3],
    ['was left empty by a crash', () => '', 3],
    ['is from another host and was not renewed for long', () => holder(1, { host: 'elsewhere' }), 16]
  ]
  for (const [what, text, age] of left) {
    await t.test(what, async (t) => {
      const folder = lockedFolder(t, text(), age)
      lock(t, folder)
      t.strictSame(readdirSync(folder), ['lock'])
      t.equal(JSON.parse(readFileSync(`${folder}/lock`, 'utf8')).started, startOf(process.pid))
    })
  }

  await t.test('names a zombie process', async (t) => {
    // The shell is replaced by a program that never reaps its child. The child outlives the shell, which would reap it.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    t.teardown(() => parent.kill('SIGKILL'))
    const [output] = await once(parent.stdout as NodeJS.ReadableStream, 'data')
    const zombie = Number(output)
    while (!readFileSync(`/proc/${zombie}/stat`, 'utf8').includes(') Z ')) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const folder = lockedFolder(t, holder(zombie, { started: String(startOf(zombie)) }))
    lock(t, folder)
    t.equal(JSON.parse(readFileSync(`${folder}/lock`, 'utf8')).pid, process.pid)
  })

  await t.test('and the claim on it were left by processes that are dead', async (t) => {
    const folder = lockedFolder(t, holder(dead()))
    writeFileSync(`${folder}/lock.claim`, '')
    utimesSync(`${folder}/lock.claim`, 1, 1)
    lock(t, folder)
    t.strictSame(readdirSync(folder), ['lock'])
  })
})

test('the copied lock of a copied folder is invalid', async (t) => {
  const folder = t.testdir({ original: {}, copy: {} })
  const [original, copy] = [`${folder}/original`, `${folder}/copy`]
  lock(t, original)
  copyFileSync(`${original}/lock`, `${copy}/lock`)
  lock(t, copy)
  t.equal(JSON.parse(readFileSync(`${copy}/lock`, 'utf8')).folder, identityOf(copy))
  t.throws(() => lockFolder(copy), FolderLocked)
  t.throws(() => lockFolder(original), FolderLocked, 'and the original is still held')

  const moved = `${folder}/moved`
  renameSync(original, moved)
  t.throws(() => lockFolder(moved), FolderLocked, 'as it is under another name')
})

test('another host may know the folder by another number', async (t) => {
  const there = { ...JSON.parse(holder(1, { host: 'elsewhere' })), folder: '1:1' }
  const folder = lockedFolder(t, JSON.stringify(there), 1)
  t.throws(() => lockFolder(folder), FolderLocked)
})

/** Runs a function just before a file is examined, until the test ends. */
function meanwhile(t: Test, look: (path: string) => string): void {
  // Named imports of a Node module follow changes of the module only after syncBuiltinESMExports.
  t.teardown(syncBuiltinESMExports)
  const { readFileSync, statSync } = fs
  t.intercept(fs, 'readFileSync', {
    value: (path: string, encoding: BufferEncoding) => readFileSync(look(path), encoding)
  })
  t.intercept(fs, 'statSync', { value: (path: string, options: fs.StatSyncOptions) => statSync(look(path), options) })
  syncBuiltinESMExports()
}

test('without a start time, the process id decides', async (t) => {
  meanwhile(t, (path) => (path.startsWith('/proc/') ? '/proc/none' : path))
  const folder = lockedFolder(t, holder(dead()))
  const unlock = lockFolder(folder)
  t.match(JSON.parse(readFileSync(`${folder}/lock`, 'utf8')), { pid: process.pid, started: '' })
  t.throws(() => lockFolder(folder), { message: `${folder} ${MINE}` })
  unlock()
})

test('a change between two reads is noticed:', async (t) => {
  await t.test('a released lock does not block', async (t) => {
    const folder = lockedFolder(t, holder(process.ppid, { started: String(startOf(process.ppid)) }))
    let looks = 0
    meanwhile(t, (path) => {
      if (path === `${folder}/lock` && looks++ === 0) rmSync(path)
      return path
    })
    lockFolder(folder)
    t.equal(JSON.parse(readFileSync(`${folder}/lock`, 'utf8')).pid, process.pid)
  })

  await t.test('a lock that another process has taken over is not removed', async (t) => {
    const folder = lockedFolder(t, holder(dead()))
    const other = holder(process.ppid, { started: String(startOf(process.ppid)) })
    meanwhile(t, (path) => {
      if (existsSync(`${folder}/lock.claim`)) writeFileSync(`${folder}/lock`, other)
      return path
    })
    t.throws(() => lockFolder(folder), { name: 'FolderLocked', message: new RegExp(`by process ${process.ppid} on `) })
    t.equal(readFileSync(`${folder}/lock`, 'utf8'), other)
    t.strictSame(readdirSync(folder), ['lock'])
  })

  await t.test('an abandoned claim does not block', async (t) => {
    const folder = lockedFolder(t, holder(dead()))
    writeFileSync(`${folder}/lock.claim`, '')
    meanwhile(t, (path) => {
      if (path === `${folder}/lock.claim`) rmSync(path)
      return path
    })
    lockFolder(folder)()
    t.strictSame(readdirSync(folder), [])
  })
})

test('a lock that cannot be created or read stops the start', async (t) => {
  const folder = t.testdir({ file: '' })
  t.throws(() => lockFolder(`${folder}/missing`), { code: 'ENOENT' })
  t.throws(() => lockFolder(`${folder}/file`), { code: 'ENOTDIR' })
  writeFileSync(`${folder}/lock`, holder(dead()))
  meanwhile(t, (path) => {
    if (path === `${folder}/lock`) throw Object.assign(new Error('not permitted'), { code: 'EACCES' })
    return path
  })
  t.throws(() => lockFolder(folder), { code: 'EACCES' })
})

test('a lock that is not a regular file is reported, and neither waited for nor followed', async (t) => {
  const kinds: [what: string, make: (path: string) => void][] = [
    ['a folder', (path) => mkdirSync(path)],
    ['a dangling link', (path) => symlinkSync('nowhere', path)],
    ['a link to a file', (path) => symlinkSync('../file', path)],
    ['a pipe', (path) => spawnSync('mkfifo', [path])]
  ]
  for (const [what, make] of kinds) {
    await t.test(what, async (t) => {
      const there = t.testdir({ file: '{}', one: {}, other: { lock: holder(dead()) } })
      for (const path of [`${there}/one/lock`, `${there}/other/lock.claim`]) {
        make(path)
        t.throws(() => lockFolder(dirname(path)), {
          name: 'DataFolderError',
          message: `${path} is not a regular file, as the lock of the folder must be: remove it`
        })
      }
    })
  }
})

test('a lock is renewed as long as it is held', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const folder = t.testdir()
  const unlock = lock(t, folder)
  const age = () => Date.now() - statSync(`${folder}/lock`).mtimeMs
  utimesSync(`${folder}/lock`, 1, 1)
  mock.timers.tick(4_999)
  t.ok(age() > 5_000)
  mock.timers.tick(1)
  t.ok(age() < 5_000)

  rmSync(`${folder}/lock`)
  mock.timers.tick(5_000)
  t.notOk(existsSync(`${folder}/lock`), 'and one that somebody removed does not stop the service')

  unlock()
  writeFileSync(`${folder}/lock`, '')
  utimesSync(`${folder}/lock`, 1, 1)
  mock.timers.tick(5_000)
  t.ok(age() > 5_000, 'nor is one renewed that was given back')
})

test('a lock that another process has taken over is not removed by unlocking', async (t) => {
  const folder = t.testdir()
  const unlock = lock(t, folder)
  const other = holder(process.pid, { host: 'elsewhere' })
  writeFileSync(`${folder}/lock`, other)
  unlock()
  t.equal(readFileSync(`${folder}/lock`, 'utf8'), other)
})

/** Child processes that try to lock a folder concurrently, and report their results. */
async function contenders(t: Test, folder: string, count: number) {
  const module = new URL('../../../src/database/folder-lock.ts', import.meta.url).href
  const script = `
    import { createInterface } from 'node:readline'
    import { lockFolder } from ${JSON.stringify(module)}
    let unlock
    console.log('ready')
    for await (const line of createInterface({ input: process.stdin })) {
      try {
        if (line === 'lock') unlock = lockFolder(${JSON.stringify(folder)})
        else unlock()
        console.log(line)
      } catch ({ name }) {
        console.log(name)
      }
    }`
  const children = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      stdio: ['pipe', 'pipe', 'inherit']
    })
    t.teardown(() => child.kill('SIGKILL'))
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const answer = async (): Promise<string> => (await lines.next()).value
    const ask = (line: string) => {
      child.stdin.write(`${line}\n`)
      return answer()
    }
    return { child, answer, ask }
  })
  for (const { answer } of children) await answer()
  return children
}

test('of several processes that find a dead one’s lock at once, exactly one takes the folder', async (t) => {
  const folder = t.testdir()
  const children = await contenders(t, folder, 4)
  const stale = holder(dead())
  for (let round = 0; round < 20; round += 1) {
    writeFileSync(`${folder}/lock`, stale)
    const outcomes = await Promise.all(children.map(({ ask }) => ask('lock')))
    t.strictSame([...outcomes].sort(), ['FolderLocked', 'FolderLocked', 'FolderLocked', 'lock'])
    const winner = children[outcomes.indexOf('lock')]
    t.equal(JSON.parse(readFileSync(`${folder}/lock`, 'utf8')).pid, winner?.child.pid)
    t.strictSame(readdirSync(folder), ['lock'])
    t.equal(await winner?.ask('unlock'), 'unlock')
  }
})

test('the folder of a process that was killed can be taken at once', async (t) => {
  const folder = t.testdir()
  const [holding] = await contenders(t, folder, 1)
  t.equal(await holding?.ask('lock'), 'lock')
  t.throws(() => lockFolder(folder), FolderLocked)
  holding?.child.kill('SIGKILL')
  await once(holding?.child as ChildProcess, 'exit')
  lock(t, folder)
  t.equal(JSON.parse(readFileSync(`${folder}/lock`, 'utf8')).pid, process.pid)
})

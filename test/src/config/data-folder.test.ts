import fs, {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { exists, keepFilesPrivate, prepareFolder } from '../../../src/config/data-folder.ts'
import { denied } from '../../helpers/denied.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

/** A folder of an earlier version, open to all users. */
function openFolder(t: Test): string {
  const folder = t.testdir({
    'secret.key': 'x',
    lock: '{}',
    postgres: { PG_VERSION: '18', base: { '1': { '1234': 'rows' } } }
  })
  chmodSync(folder, 0o755)
  for (const path of everything(folder)) chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o666)
  return folder
}

const everything = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path))

/** Replaces a function of node:fs until the test ends. */
function replace(
  t: Test,
  name: 'chmodSync' | 'accessSync' | 'mkdirSync' | 'lstatSync',
  value: (path: string) => unknown
): void {
  t.teardown(syncBuiltinESMExports)
  t.intercept(fs, name, { value })
  syncBuiltinESMExports()
}

test('files of a process are private to its user', async (t) => {
  const before = process.umask()
  t.teardown(() => process.umask(before))
  keepFilesPrivate()
  const folder = t.testdir()
  writeFileSync(`${folder}/file`, '')
  mkdirSync(`${folder}/folder`)
  t.strictSame([modeOf(`${folder}/file`), modeOf(`${folder}/folder`)], ['600', '700'])
})

test('a missing folder is created, private to its owner', async (t) => {
  const folder = join(t.testdir(), 'not', 'there', 'yet')
  prepareFolder(folder)
  t.strictSame([modeOf(folder), modeOf(join(folder, '..'))], ['700', '700'])
  prepareFolder(folder)
})

test('an open folder is made private, with all files of the service in it', async (t) => {
  const folder = openFolder(t)
  const outside = t.testdirName.concat('-outside')
  writeFileSync(outside, '', { mode: 0o644 })
  chmodSync(outside, 0o644)
  symlinkSync(outside, join(folder, 'postgres', 'link'))
  prepareFolder(folder)
  t.equal(modeOf(folder), '700')
  const modes = everything(folder).map((path) => [path.slice(folder.length + 1), modeOf(path)])
  t.strictSame(Object.fromEntries(modes), {
    'secret.key': '600',
    lock: '600',
    postgres: '700',
    'postgres/PG_VERSION': '600',
    'postgres/base': '700',
    'postgres/base/1': '700',
    'postgres/base/1/1234': '600',
    'postgres/link': '644'
  })
  fs.rmSync(outside)
})

test('a folder that is only checked keeps its permissions, and is refused like any other', async (t) => {
  const folder = openFolder(t)
  const modes = () => [folder, ...everything(folder)].map((path) => [path, modeOf(path)])
  const before = modes()
  prepareFolder(folder, { keepPermissions: true })
  t.strictSame(modes(), before)
  writeFileSync(join(folder, 'letter.txt'), '')
  t.throws(() => prepareFolder(folder, { keepPermissions: true }), {
    message: 'is open to other users and has other files in it'
  })
  const user = process.geteuid?.() as number
  t.intercept(process, 'geteuid', { value: () => user + 1 })
  chmodSync(folder, 0o700)
  t.throws(() => prepareFolder(folder, { keepPermissions: true }), { message: `${folder} belongs to user ${user}` })
})

test('a folder with other files in it is refused while it is open', async (t) => {
  const folder = openFolder(t)
  writeFileSync(join(folder, 'letter.txt'), '')
  t.throws(() => prepareFolder(folder), {
    name: 'DataFolderError',
    message: `${folder} is open to other users and has other files in it: set DATA_DIR to a folder of its own`
  })
  t.equal(modeOf(folder), '755')
  chmodSync(folder, 0o700)
  prepareFolder(folder)
  t.equal(modeOf(join(folder, 'secret.key')), '600')
})

test('only links for the database and the secret are followed', async (t) => {
  const there = t.testdir({
    outside: { file: '', folder: { file: '' } },
    kept: { key: '', data: { PG_VERSION: '18' } },
    data: {}
  })
  for (const path of everything(there)) chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644)
  const outside = everything(join(there, 'outside'))
  const modes = () => outside.map(modeOf)
  const before = modes()
  const folder = join(there, 'data')
  chmodSync(folder, 0o777)
  for (const name of ['lock', 'lock.x', 'secret.key.new']) symlinkSync('../outside/file', join(folder, name))
  for (const name of ['postgres.new', 'secret.key.d']) symlinkSync('../outside/folder', join(folder, name))
  symlinkSync('nowhere', join(folder, 'lock.claim'))
  symlinkSync('../kept/data', join(folder, 'postgres'))
  symlinkSync('../outside/folder', join(there, 'kept', 'data', 'base'))
  symlinkSync('nowhere', join(folder, 'secret.key'))
  prepareFolder(folder)
  t.strictSame(modes(), before)
  t.strictSame([folder, join(there, 'kept/data'), join(there, 'kept/data/PG_VERSION')].map(modeOf), [
    '700',
    '700',
    '600'
  ])

  fs.rmSync(join(folder, 'secret.key'))
  symlinkSync('../kept/key', join(folder, 'secret.key'))
  prepareFolder(folder)
  t.equal(modeOf(join(there, 'kept/key')), '600')
  t.equal(readlinkSync(join(folder, 'secret.key')), '../kept/key')
})

test('a link of another user is refused', async (t) => {
  const user = process.geteuid?.() as number
  const { lstatSync } = fs
  for (const name of ['postgres', 'lock.x', 'secret.key/link']) {
    await t.test(name, async (t) => {
      const folder = t.testdir({ 'secret.key': {}, outside: '' })
      fs.renameSync(join(folder, 'outside'), `${folder}-outside`)
      t.teardown(() => fs.rmSync(`${folder}-outside`))
      chmodSync(`${folder}-outside`, 0o644)
      const link = join(folder, name)
      symlinkSync(`${folder}-outside`, link)
      replace(t, 'lstatSync', (path) => {
        const stats = lstatSync(path, { throwIfNoEntry: false }) as Stats
        return path === link ? Object.assign(stats, { uid: user + 1 }) : stats
      })
      t.throws(() => prepareFolder(folder), {
        name: 'DataFolderError',
        message: `${link} is a link that belongs to user ${user + 1}, and this process runs as user ${user}: remove it`
      })
      t.equal(modeOf(`${folder}-outside`), '644')
    })
  }
})

test('the fix for a shared folder is not chown', async (t) => {
  const folder = t.testdir({ 'letter.txt': '' })
  chmodSync(folder, 0o700)
  const user = process.geteuid?.() as number
  t.intercept(process, 'geteuid', { value: () => user + 1 })
  t.throws(() => prepareFolder(folder), {
    message: `${folder} belongs to user ${user}, and this process runs as user ${user + 1}: run it as the owner or set DATA_DIR to a folder that it can create`
  })
})

test('a folder of another user is refused', async (t) => {
  const folder = openFolder(t)
  const user = process.geteuid?.() as number
  t.intercept(process, 'geteuid', { value: () => user + 1 })
  t.throws(() => prepareFolder(folder), {
    message: `${folder} belongs to user ${user}, and this process runs as user ${user + 1}: run it as the owner, set DATA_DIR to a folder that it can create, or run: chown -R ${user + 1} ${folder}`
  })
  t.equal(modeOf(folder), '755')
})

test('a file of another user in the folder is refused', {
  skip: process.geteuid?.() !== 0
}, async (t) => {
  const folder = openFolder(t)
  chownSync(join(folder, 'postgres', 'PG_VERSION'), 65534, 65534)
  t.throws(() => prepareFolder(folder), {
    message: new RegExp(`^${folder}/postgres/PG_VERSION belongs to user 65534, `)
  })
})

test('permissions are unchanged on a system without users', async (t) => {
  const folder = openFolder(t)
  t.intercept(process, 'geteuid', { value: undefined })
  prepareFolder(folder)
  t.equal(modeOf(folder), '755')
})

test('a file system without permissions is refused', async (t) => {
  const folder = openFolder(t)
  replace(t, 'chmodSync', () => {})
  t.throws(() => prepareFolder(folder), {
    message: `${folder} stays open to other users, since its file system has no permissions: set DATA_DIR to a folder elsewhere`
  })
})

test('a file that was deleted meanwhile is ignored', async (t) => {
  const folder = openFolder(t)
  replace(t, 'chmodSync', (path) => {
    // Whichever of the two is handled first removes the other.
    if (path === join(folder, 'secret.key')) fs.rmSync(join(folder, 'lock'))
    if (path === join(folder, 'lock')) fs.rmSync(join(folder, 'secret.key'))
    fs.fchmodSync(fs.openSync(path, 'r'), 0o700)
  })
  prepareFolder(folder)
  t.equal(readdirSync(folder).length, 2)
})

test('an unusable folder is refused at once, with the fix:', async (t) => {
  const folder = t.testdir({ file: '', loop: {} })
  symlinkSync('nowhere', join(folder, 'link'))
  symlinkSync('circle', join(folder, 'circle'))
  const refused: [what: string, path: string, why: RegExp][] = [
    ['where the system takes no folders', '/proc/nope', /cannot be created: ENOENT: /],
    ['deeper in there', '/proc/nope/deeper', /cannot be created: ENOENT: /],
    ['a file', join(folder, 'file'), /cannot be read: ENOTDIR: /],
    ['below a file', join(folder, 'file', 'data'), /cannot be (?:created|read): ENOTDIR: /],
    ['a link that leads to itself', join(folder, 'circle'), /cannot be read: ELOOP: /]
  ]
  for (const [what, path, why] of refused) {
    await t.test(what, async (t) => {
      const failed = {
        name: 'DataFolderError',
        message: new RegExp(`^DATA_DIR ${path} ${why.source}.*that this user can write\\.$`)
      }
      t.throws(() => prepareFolder(path), failed)
    })
  }

  await t.test('a dangling link, or a folder below it', async (t) => {
    for (const path of [join(folder, 'link'), join(folder, 'link', 'data')]) {
      t.throws(() => prepareFolder(path), {
        name: 'DataFolderError',
        message: `DATA_DIR ${path} cannot be created: ${folder}/link is a dangling link. Create its target, or remove the link.`
      })
    }
  })

  await t.test('one that cannot be written', async (t) => {
    replace(t, 'accessSync', () => {
      throw new Error('EROFS: read-only file system, access')
    })
    t.throws(() => prepareFolder(join(folder, 'loop')), { message: /cannot be written: EROFS: read-only file system/ })
  })
})

test('a folder that another process creates concurrently is accepted', async (t) => {
  const folder = join(t.testdir(), 'data')
  const { mkdirSync } = fs
  replace(t, 'mkdirSync', (path) => {
    mkdirSync(path, { mode: 0o700 })
    mkdirSync(path)
  })
  prepareFolder(folder)
  t.equal(modeOf(folder), '700')
})

test('a file exists or not, or this user may not read its folder', async (t) => {
  const folder = t.testdir({ file: '' })
  t.equal(exists(join(folder, 'file')), true)
  t.equal(exists(join(folder, 'none')), false)
  t.equal(exists(join(folder, 'none', 'deeper')), false)
  t.equal(exists(join(folder, 'file', 'deeper')), false)
  symlinkSync('circle', join(folder, 'circle'))
  t.throws(() => exists(join(folder, 'circle')), {
    name: 'DataFolderError',
    message: new RegExp(`^${folder} cannot be read: ELOOP: `)
  })
  denied(t, folder)
  t.throws(() => exists(join(folder, 'file')), {
    name: 'DataFolderError',
    message: `${folder} belongs to another user, and this one may not read it: run this as the user of the service`
  })
})

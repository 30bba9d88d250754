import { test } from 'tap'
import { createServiceKeyId, createServiceKeyText, readServiceKeyId } from '../../../src/admin/service-key-text.ts'
import { SERVICE_KEY_ID } from '../../../src/schemas/admin/keys.ts'

test('the text of a service key', (t) => {
  const id = createServiceKeyId()
  t.match(id, new RegExp(SERVICE_KEY_ID))
  const keys = Array.from({ length: 200 }, () => createServiceKeyText(id))
  t.equal(new Set(keys).size, 200)
  for (const key of keys) {
    t.match(key, /^lk_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
    t.equal(readServiceKeyId(key), id)
  }
  t.equal(new Set(Array.from({ length: 200 }, createServiceKeyId)).size, 200)
  t.end()
})

test('the check of a service key is its CRC-32 in base62', (t) => {
  const [id, secret] = ['0'.repeat(22), 'z'.repeat(43)]
  t.equal(readServiceKeyId(`lk_${id}_${secret}_1FMCoP`), id)
  t.end()
})

test('noise is no service key', (t) => {
  const key = createServiceKeyText(createServiceKeyId())
  const other = (character = '') => (character === 'a' ? 'b' : 'a')
  const changed = (at: number) => key.slice(0, at) + other(key[at]) + key.slice(at + 1)
  const noise = [
    '',
    'lk_',
    changed(3),
    changed(40),
    changed(key.length - 1),
    key.slice(0, -1),
    `${key}0`,
    ` ${key}`,
    `${key}\n`,
    key.toUpperCase(),
    key.replace('lk_', 'sk_'),
    `lk_${'-'.repeat(22)}_${'-'.repeat(43)}_000000`
  ]
  for (const text of noise) t.equal(readServiceKeyId(text), undefined, text)
  t.end()
})

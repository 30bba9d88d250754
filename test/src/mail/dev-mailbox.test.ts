import { test } from 'tap'
import { createDevMailbox } from '../../../src/mail/dev-mailbox.ts'

const URL = 'http://localhost:3000/dev/mail'
const message = { recipient: 'ada@example.com', language: 'en', subject: 'One', text: 'one', html: '<p>one</p>' }

test('a mailbox keeps the last hundred messages', async (t) => {
  let now = 0
  const mailbox = createDevMailbox({ now: () => now, offset: 0 }, URL)
  t.strictSame([mailbox.url, mailbox.list()], [URL, []])
  for (now = 1; now <= 101; now += 1) await mailbox.send(`id ${now}`, message)
  t.equal(mailbox.list().length, 100)
  t.strictSame(mailbox.list()[0], { id: 'id 101', at: 101, ...message }, 'the latest first')
  t.strictSame(mailbox.list().at(-1), { id: 'id 2', at: 2, ...message })
  t.equal(mailbox.find('id 1'), undefined)
  t.strictSame(mailbox.find('id 2'), { id: 'id 2', at: 2, ...message })
  mailbox.close()
})

test('a message that is sent twice is kept once', async (t) => {
  const mailbox = createDevMailbox({ now: () => 5, offset: 0 }, URL)
  await mailbox.send('one', message)
  await mailbox.send('one', { ...message, subject: 'Again' })
  t.strictSame(
    mailbox.list().map(({ subject }) => subject),
    ['Again']
  )
})

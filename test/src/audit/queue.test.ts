import { test } from 'tap'
import type { AuditEvent } from '../../../src/audit/append.ts'
import { BATCH, CAPACITY, createAuditQueue } from '../../../src/audit/queue.ts'
import { caught } from '../../helpers/caught.ts'
import { auditEvent } from '../../helpers/record.ts'

function filled(count: number) {
  const queue = createAuditQueue()
  for (let index = 0; index < count; index++) queue.push(auditEvent({ detail: { count: index } }))
  return queue
}

test('the queue of audit events', async (t) => {
  await t.test('is written in order, in batches', async (t) => {
    const queue = filled(BATCH + 3)
    const written: AuditEvent[][] = []
    const write = async (batch: AuditEvent[]) => {
      written.push(batch)
    }
    await queue.writeBatch(write)
    t.equal(queue.waiting, 3)
    await queue.writeBatch(write)
    await queue.writeBatch(write)
    t.strictSame(
      written.map((batch) => batch.length),
      [BATCH, 3],
      'and not at all where it is empty'
    )
    t.strictSame(
      written.flat().map(({ detail }) => detail?.count),
      Array.from({ length: BATCH + 3 }, (_, index) => index)
    )
  })

  await t.test('keeps a batch that could not be written, and events that arrive meanwhile', async (t) => {
    const queue = filled(1)
    const failed = await caught(
      queue.writeBatch(async () => {
        queue.push(auditEvent({ action: 'logged out' }))
        throw new Error('the database is away')
      })
    )
    t.equal(failed.message, 'the database is away')
    await queue.writeBatch(async (batch) => {
      t.strictSame(
        batch.map(({ action }) => action),
        ['login', 'logged out']
      )
    })
    t.equal(queue.waiting, 0)
  })

  await t.test('writes a batch once, also if several callers ask', async (t) => {
    const queue = filled(2)
    let written = 0
    const write = async (batch: AuditEvent[]) => {
      await new Promise(setImmediate)
      written += batch.length
    }
    await Promise.all([queue.writeBatch(write), queue.writeBatch(write)])
    t.equal(written, 2)
  })

  await t.test('drops events beyond its capacity, and records their number', async (t) => {
    const queue = filled(CAPACITY + 7)
    t.strictSame([queue.waiting, queue.lost], [CAPACITY, 7])
    await caught(queue.writeBatch(() => Promise.reject(new Error('away'))))
    queue.push(auditEvent())
    const gaps: unknown[] = []
    const write = async (batch: AuditEvent[]) => {
      const [first, ...rest] = batch
      if (first?.action !== 'records lost') return
      gaps.push([first.actor, first.detail, rest.length])
      queue.push(auditEvent())
    }
    while (queue.waiting > 0) await queue.writeBatch(write)
    t.strictSame(gaps, [
      ['service', { count: 8 }, BATCH],
      ['service', { count: 1 }, BATCH]
    ])
    t.equal(queue.lost, 9)
  })
})

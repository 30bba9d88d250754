import { EventEmitter } from 'node:events'
import { test } from 'tap'
import { ignoreCopies } from '../../src/signals.ts'

/** A process with what begins a stop: like close-with-grace, it then listens for a second signal of any kind. */
function prepare() {
  const process = new EventEmitter()
  const heard: string[] = []
  const begin = (signal: string) => {
    heard.push(`begin ${signal}`)
    for (const each of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(each, () => heard.push('its own end'))
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, begin)
  ignoreCopies(
    process,
    () => heard.push('begun'),
    () => heard.push('cut short')
  )
  return { process, heard }
}

/** Moves the time that is measured with `performance`. */
function later<Result>(milliseconds: number, work: () => Result): Result {
  const { now } = performance
  performance.now = () => now.call(performance) + milliseconds
  try {
    return work()
  } finally {
    performance.now = now
  }
}

test('a signal', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    await t.test(`${signal} begins the stop, once`, async (t) => {
      const { process, heard } = prepare()
      process.emit(signal, signal)
      t.strictSame(heard, ['begun', `begin ${signal}`])
    })
  }

  await t.test('and its copies are one', async (t) => {
    const { process, heard } = prepare()
    for (let copy = 0; copy < 3; copy++) process.emit('SIGTERM', 'SIGTERM')
    later(400, () => process.emit('SIGTERM', 'SIGTERM'))
    t.strictSame(heard, ['begun', 'begin SIGTERM'])
  })

  await t.test('a second time, of whichever kind, cuts the stop short', async (t) => {
    for (const second of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
      const { process, heard } = prepare()
      process.emit('SIGTERM', 'SIGTERM')
      later(600, () => process.emit(second, second))
      t.strictSame(heard, ['begun', 'begin SIGTERM', 'cut short'])
    }
  })
})

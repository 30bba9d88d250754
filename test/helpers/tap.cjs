// tap in CommonJS for typescript-hooks.mjs, with another way to find the test that caused an error which nobody awaited:
// its own follows every promise of the process, which takes a tenth of the time of the suite. Here the tests of a process
// run one after another, so the error is of the test that runs.
const { createRequire, Module } = require('node:module')

class Domain {
  /** @param {(error: unknown, type: string) => void} onerror */
  constructor(onerror) {
    this.onerror = onerror
  }

  destroy() {}
}

const replaced = createRequire(require.resolve('@tapjs/core')).resolve('async-hook-domain')
require.cache[replaced] = Object.assign(new Module(replaced), { loaded: true, exports: { Domain } })

const tap = require('tap')

/** @typedef {import('@tapjs/core').Base} Base */

/** @type {Base[]} the tests that run, the innermost first */
let running = []
begin(tap.t)

/** @param {Base} test */
function begin(test) {
  running = [test, ...running]
  test.on('subtestStart', (/** @type {any} */ begun) => begin(begun))
  test.on('subtestEnd', (ended) => {
    running = running.filter((each) => each !== ended)
  })
}

process.on('uncaughtException', (error) => running[0]?.hookDomain.onerror(error, 'uncaughtException'))
process.on('unhandledRejection', (error) => running[0]?.hookDomain.onerror(error, 'unhandledRejection'))

// Node reads from these lines which names can be imported.
exports.test = tap.test
exports.comment = tap.comment
module.exports = tap

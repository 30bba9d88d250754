// tap in CommonJS for typescript-hooks.mjs. Node reads from these lines which names can be imported.
const tap = require('tap')
exports.test = tap.test
exports.comment = tap.comment
module.exports = tap

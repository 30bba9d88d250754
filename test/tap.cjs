// tap in CommonJS for typescript-hooks.mjs. Node reads from the second line which name can be imported.
const tap = require('tap')
exports.test = tap.test
module.exports = tap

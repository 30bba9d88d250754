/** Tests of many parts at once: what they reach has a test of its own, which covers it. */
const ACROSS = /\/(?:across-\d|contract|hidden-accounts\.test)\.ts$/

/**
 * Which files a test covers: all, or none, where counting would cost a fifth of its time and find nothing new.
 *
 * @param {string} test
 */
export default (test) => (ACROSS.test(test) ? null : [])

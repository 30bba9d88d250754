import bcrypt from 'bcrypt'

/**
 * Checks a password in a worker thread. JavaScript, so that a thread starts without a compiler.
 *
 * @param {{ password: string, hash: string }} task
 */
export default ({ password, hash }) => bcrypt.compareSync(password, hash)

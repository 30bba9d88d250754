import { together } from '../helpers/together.ts'

await together('test/src', { part: 1, of: 2 })

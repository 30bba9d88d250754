import { together } from '../helpers/together.ts'

await together('test/src', { part: 2, of: 2 })

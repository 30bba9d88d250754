import { together } from '../helpers/together.ts'

await together('test/src', { part: 3, of: 3 })

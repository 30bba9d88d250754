import { together } from '../helpers/together.ts'

await together('test/plugins', { part: 1, of: 2 })

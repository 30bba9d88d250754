import { together } from '../helpers/together.ts'

await together('test/plugins', { part: 2, of: 2 })

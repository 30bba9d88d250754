import { together } from '../helpers/together.ts'

await together('test/routes', { part: 1, of: 2 })

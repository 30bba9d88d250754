import { together } from '../helpers/together.ts'

await together('test/routes', { part: 2, of: 2 })

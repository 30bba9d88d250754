import { together } from '../helpers/together.ts'

await together('test', { part: 3, of: 3, deep: false })

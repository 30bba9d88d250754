import { together } from '../helpers/together.ts'

await together('packages/compare/test')
await together('packages/contract/test')

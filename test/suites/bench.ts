import { together } from '../helpers/together.ts'

await together('test/bench')
await together('packages/compare/test')
await together('packages/contract/test/src')
await together('packages/verify/test')

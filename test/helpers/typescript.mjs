// Lets Node run the tests, and what they test, as they are written: types become blanks and nothing moves, so what is
// reported as covered is what stands in the file. Node 22.18 and later do so themselves.
import { register } from 'node:module'

if (!Reflect.get(process.features, 'typescript')) register('./typescript-hooks.mjs', import.meta.url)

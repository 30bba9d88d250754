// Lets Node run the tests, and what they test, as they are written: types become blanks and nothing moves, so what is
// reported as covered is what stands in the file. Node 22.18 and later do so themselves: there, only tap is another one.
import module from 'node:module'

const TAP = new URL('tap.cjs', import.meta.url).href

/** @type {import('node:module').ResolveHook} */
function resolve(specifier, context, nextResolve) {
  const isOfTest = context.parentURL !== TAP && !context.parentURL?.includes('/node_modules/')
  if (specifier === 'tap' && isOfTest) return { url: TAP, format: 'commonjs', shortCircuit: true }
  return nextResolve(specifier, context)
}

if (Reflect.get(process.features, 'typescript')) Reflect.get(module, 'registerHooks')({ resolve })
else module.register('./typescript-hooks.mjs', import.meta.url)

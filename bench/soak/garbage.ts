import { randomBytes } from 'node:crypto'
import type { Question } from '@latchkey/compare/measure/client'

/** A request with the status that it must be answered with. */
export interface Refused extends Question {
  method?: string
  path: string
  status: number
}

const login = (body: string | Buffer, status = 400): Refused => ({ path: '/login', body, status })

/** Well-formed HTTP, and nothing that a route would take. */
export const REFUSED: Refused[] = [
  login('{"username"'),
  login(''),
  login('null'),
  login('[]'),
  login('{}'),
  login('{"username": "ada", "password": 5}'),
  login('{"username": "ada", "password": "x", "admin": true}'),
  login('{"username": "ada", "email": "ada@example.com", "password": "x"}'),
  login('{"__proto__": {}, "username": "ada", "password": "x"}'),
  login('{"username": "a\\u0000a", "password": "x"}'),
  login('{"username": "\\ud800", "password": "x"}'),
  login(Buffer.from('7b22757365726e616d65223a22ff227d', 'hex')),
  login(randomBytes(1000)),
  login('['.repeat(16_000)),
  login('x'.repeat(16_385), 413),
  { ...login('username=ada', 415), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  { path: '/register', payload: { username: 'x', password: 'correct horse battery staple' }, status: 400 },
  { path: '/register', payload: { username: 'short.password', password: 'short' }, status: 400 },
  { path: '/register', payload: { username: 'common.password', password: 'password' }, status: 400 },
  { path: '/token/refresh', payload: { refresh_token: 'made up' }, status: 401 },
  { path: '/token/refresh', payload: { refresh_token: 5 }, status: 400 },
  { path: '/logout', payload: { refresh_token: 'made up' }, status: 204 },
  { method: 'GET', path: '/me', status: 401 },
  { method: 'GET', path: '/secret', token: 'x.y.z', status: 401 },
  { method: 'GET', path: '/%', status: 400 },
  { method: 'GET', path: '/nowhere', status: 404 },
  { method: 'PUT', path: '/login', status: 405 }
]

const HEAD = 'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

/** Invalid HTTP: must be answered with a 4xx, and the connection closed. */
export const NOISE: (() => string | Buffer)[] = [
  () => Buffer.concat([Buffer.from([0]), randomBytes(200)]),
  // The beginning of a TLS handshake, and of HTTP/2.
  () => Buffer.from('16030100c8010000c40303', 'hex'),
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => 'GET / HTTP/9.9\r\n\r\n',
  () => `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
  () => `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  () => `${HEAD}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n`
]

/** Requests that a client aborts. */
export const UNFINISHED = ['', 'POST /lo', `${HEAD}Content-`, `${HEAD}Content-Length: 100\r\n\r\n{"username"`]

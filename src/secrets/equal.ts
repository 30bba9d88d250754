import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares two secrets in constant time, also if their lengths differ (OWASP ASVS 5.0 §11.2.4). */
export function equalSecrets(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}

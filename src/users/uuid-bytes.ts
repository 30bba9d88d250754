// Not parse() and stringify() of uuid: they throw for a forged id, and for variants that imported accounts may have.

/** The 16 bytes of a UUID in text. */
export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')

/** The text of a UUID of 16 bytes, whatever they are. */
export const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

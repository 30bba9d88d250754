/** Of text that came with a file, or from a service: it is not to steer the terminal. */
export const harmless = (text: string) => text.replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd')

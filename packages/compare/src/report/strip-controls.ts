/** Replaces control characters in text of a file or a service, which could control the terminal. */
export const stripControls = (text: string) => text.replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd')

/** Roles as they are typed, without doubles. */
export const readRoles = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))]

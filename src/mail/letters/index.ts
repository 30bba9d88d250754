/** Every letter: a new one is a file here, a line below, and two templates in mail/ and in each language there. */
export { alreadyRegistered } from './already-registered.ts'
export { confirmNewEmail } from './confirm-new-email.ts'
export { emailChanged } from './email-changed.ts'
export { finishRegistration } from './finish-registration.ts'
export { passwordChanged } from './password-changed.ts'
export { resetPassword } from './reset-password.ts'
export { securityNotice } from './security-notice.ts'
export { verifyEmail } from './verify-email.ts'

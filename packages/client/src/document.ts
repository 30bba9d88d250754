// Made by `npm run types` of the OpenAPI document of the service. Do not edit.

export interface paths {
    "/introspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Introspect a token
         * @description For services that must notice immediately that a session has ended (RFC 7662). An access token or a refresh
         *     token is active if the service would accept it.
         *
         *     The caller authenticates with a service key with the scope `introspect`, as a bearer token, or with INTROSPECTION_KEY:
         *     as a bearer token, or as the secret of an OAuth client with any `client_id`, by Basic (`client_secret_basic`) or in the
         *     form (`client_secret_post`); in one of these ways only. Other parameters of the form are ignored (RFC 6749 §3.2). Without
         *     INTROSPECTION_KEY there is nothing here for callers without a service key.
         */
        post: operations["introspect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in
         * @description Creates a session. An unknown name and a wrong password are indistinguishable. With `cookie`, the
         *     refresh token is set as an HttpOnly cookie and omitted from the body. If the account requires a second step, the answer
         *     is MFA_REQUIRED with a challenge for `/login/mfa`, which creates the session.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign out
         * @description Ends the session of a refresh token, or of an earlier one of the same session. Answers the same if
         *     there is none. With the token of the cookie, it also ends the session of the hosted pages in that browser, and removes
         *     both cookies.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The current user
         * @description The user of the access token, while its session is active.
         */
        get: operations["me"];
        put?: never;
        post?: never;
        /**
         * Delete the account
         * @description Deletes the account and all its data permanently. Requires the current password; if the account
         *     requires a second step, a fresh access token too. For an account without a password, a fresh access token is enough. The
         *     audit log keeps its records, by id. The last administrator cannot be deleted: LAST_ADMIN.
         */
        delete: operations["deleteAccount"];
        options?: never;
        head?: never;
        /**
         * Change the username
         * @description Or choose the first one. Access tokens that were already issued contain the previous username; nobody
         *     else can take it until they have expired.
         */
        patch: operations["changeUsername"];
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Requires METRICS_KEY, if it is set, or a service key with the scope `metrics`. Clients on the same machine
         *     that do not use a proxy need neither if METRICS_KEY is not set.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The second factors
         * @description Lists the factors of the account, and whether it requires a second step at sign-in.
         */
        get: operations["readFactors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Set whether a second step is required
         * @description Requires a fresh access token. To require a second step, the account needs an authenticator app or a
         *     passkey; all other sessions below `aal2` end, and recovery codes are made if none are left. If the requirement is
         *     removed, the factors stay, and a password alone signs in.
         */
        patch: operations["changeFactors"];
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This document
         * @description The OpenAPI 3.1 document of this API.
         */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/passkeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the passkeys
         * @description Lists all passkeys of the user, the oldest first. The list is complete, as
         *     `PublicKeyCredential.signalAllAcceptedCredentials` needs it: browsers hide every other passkey of the account.
         */
        get: operations["listPasskeys"];
        put?: never;
        /**
         * Register a passkey
         * @description Takes the credential that `navigator.credentials.create` returned for the options of
         *     `/passkeys/options`. An account has at most 20 passkeys. Adding one does not require a second step at sign-in: see
         *     `PATCH /mfa`.
         */
        post: operations["addPasskey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/passkeys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a passkey
         * @description Requires a fresh access token. If no factor is left, a second step is no longer required. The last passkey
         *     of an account with neither a password nor a verified address cannot be deleted: LAST_CREDENTIAL.
         */
        delete: operations["removePasskey"];
        options?: never;
        head?: never;
        /** Rename a passkey */
        patch: operations["renamePasskey"];
        trace?: never;
    };
    "/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the providers
         * @description Lists the other providers with which people sign in, in the order of the operator. A frontend shows a link to
         *     `/federation/{id}?return_to=…` for each.
         */
        get: operations["listProviders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register
         * @description Creates an account with a username, an email address, or both, and sends a mail that verifies the address.
         *     After normalization to NFC, a password needs at least
         *     PASSWORD_MIN characters (8 by default) and at most 72 bytes in UTF-8; it must not be a common password or one of the names.
         */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the secret
         * @description Requires a valid access token, which is verified without the database.
         */
        get: operations["secret"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the sessions
         * @description The active sessions of the user: the current one first, then by last use; at most 1000.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        /**
         * End all other sessions
         * @description Invalidates the device cookies of the user. A device that sends a valid one gets a new one.
         */
        delete: operations["endOtherSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End a session */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The public keys
         * @description The keys that verify access tokens, as a JSON Web Key Set (RFC 7517).
         */
        get: operations["jwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where the keys are
         * @description The metadata of the service (RFC 8414), with which API gateways and libraries find its keys. The service
         *     issues tokens to its own frontends and has no endpoints for authorization: `response_types_supported`, which the RFC
         *     requires, and `grant_types_supported`, whose default would be others, are empty.
         */
        get: operations["authorizationServer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/passkey-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where passkeys are added and managed
         * @description The page on which people add, rename and delete their passkeys (W3C: A Well-Known URL for Passkey
         *     Endpoints). Password managers request it at the RP ID. Absent without the hosted pages.
         */
        get: operations["passkeyEndpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the audit log
         * @description Records, the newest first: those for which all given filters hold. `account` is whom it concerns, `by` who did it.
         *     A page may have fewer records than `limit` although `next` is not null. For `audit:read`.
         */
        get: operations["adminListRecords"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the signing keys
         * @description In the order in which they sign. For `keys:write`.
         */
        get: operations["adminListKeys"];
        put?: never;
        /**
         * Make the next signing key
         * @description It is published for 6 minutes before it signs. While a key waits to sign, no other is made: `FORBIDDEN`. An
         *     account needs a fresh access token. For `keys:write`.
         */
        post: operations["adminRotateKeys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/keys/{kid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a signing key
         * @description Permanently: its private half is erased, and all instances refuse its tokens within 60 s. If it was the signing
         *     key, a new one signs. For administrators with a fresh access token.
         */
        delete: operations["adminRevokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/service-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the service keys
         * @description Active ones first. For administrators.
         */
        get: operations["adminListServiceKeys"];
        put?: never;
        /**
         * Make a service key
         * @description The key is shown in this answer only. Names of active keys are unique, in any letter case; 100 may be active, more
         *     are `FORBIDDEN`. For administrators with a fresh access token.
         */
        post: operations["adminMakeServiceKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/service-keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Renew a service key
         * @description Gives it a new secret, shown in this answer only; the one before works for `overlap` seconds. For administrators
         *     with a fresh access token.
         */
        post: operations["adminRotateServiceKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/service-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a service key
         * @description At once, at every instance. For administrators with a fresh access token.
         */
        delete: operations["adminRevokeServiceKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the statistics
         * @description What was recorded each day, and how many accounts and active sessions there are: numbers that may be a minute
         *     old. For `audit:read`.
         */
        get: operations["adminReadStatistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List accounts
         * @description Accounts, the newest first: those for which all given filters hold. `search` finds the start of a username or an
         *     email address, `username` and `email` a whole name. A page may have fewer accounts than `limit` although `next` is not null.
         *     For `users:read`.
         */
        get: operations["adminListUsers"];
        put?: never;
        /**
         * Create an account
         * @description Subject to the rules of `/register`, but not to its limits. Without a password nobody signs in by one. `invite` sends
         *     a link with which the owner of the address chooses it. The roles `admin` and `support` are given by an administrator with a fresh
         *     access token only. For `users:write`.
         */
        post: operations["adminCreateUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an account
         * @description For `users:read`.
         */
        get: operations["adminReadUser"];
        put?: never;
        post?: never;
        /**
         * Delete an account
         * @description Deletes the account with all its data. An account needs a fresh access token. For `users:write`.
         */
        delete: operations["adminDeleteUser"];
        options?: never;
        head?: never;
        /**
         * Change an account
         * @description Changes all that is given, or nothing. Null takes a name away. Another address is unverified unless
         *     `email_verified` says otherwise, and a verified address before gets a link that undoes the change. `disabled` ends all
         *     sessions. `roles` replaces the list. `metadata` is merged (RFC 7396). With `roles` or `email` an account needs a fresh
         *     access token. For `users:write`; for `users:help` with `{"disabled": true}` alone.
         */
        patch: operations["adminChangeUser"];
        trace?: never;
    };
    "/admin/users/{id}/factors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove the second factors of an account
         * @description Removes the authenticator app, the passkeys, the recovery codes and the requirement of a second step, ends all
         *     sessions, and notifies the verified address. An account needs a fresh access token. For `users:write`.
         */
        delete: operations["adminRemoveFactors"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Reset the counters of an account
         * @description Resets the counters of wrong passwords and codes. For `users:help`.
         */
        delete: operations["adminUnlockUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/mails": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a mail to an account
         * @description An invitation, for an account without a password; the mail that verifies its address; or one with which the owner
         *     chooses a new password. Earlier links of the kind become void. For `users:help`.
         */
        post: operations["adminSendMail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set the password of an account
         * @description Ends its sessions unless `keep_sessions` is true, resets its counters of wrong passwords, and notifies its
         *     verified address. An account needs a fresh access token. For `users:write`.
         */
        put: operations["adminSetPassword"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the sessions of an account
         * @description Active ones first, then by last use; ended ones while they are stored. For `users:read`.
         */
        get: operations["adminListSessions"];
        put?: never;
        post?: never;
        /**
         * End all sessions of an account
         * @description For `users:help`.
         */
        delete: operations["adminEndSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/users/{id}/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a session of an account
         * @description For `users:help`.
         */
        delete: operations["adminEndSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request a change of the email address
         * @description Requires the current password; if the account requires a second step, a fresh access token too. For
         *     an account without a password, a fresh access token is enough. The address changes once the token of a mail to the new address confirms it. If another account has the address, only the
         *     mail says so. An account without an address gets its first one in the same way.
         */
        post: operations["changeEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resend the verification mail
         * @description The answer does not depend on whether the account exists or its address is verified. The number of
         *     mails to an address is limited to a few per hour.
         */
        post: operations["resendVerification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify an email address
         * @description Takes the token of a mail to that address, valid for a day, and proof that the client owns the
         *     account: its password, or an access token of an active session. If both are sent, the password counts. A wrong
         *     password counts as a failed login for each name of the account, and does not use up the token. Repeating the request
         *     succeeds as long as the address is verified by that token.
         */
        post: operations["verifyEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email/change/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm a new email address
         * @description Takes the token of a mail to the new address, once, within a day. If the previous address was
         *     verified, it gets a mail with a link that reverts the change for seven days. A change of the password, or another
         *     change of the address, invalidates the token.
         */
        post: operations["confirmEmailChange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email/change/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revert a change of the email address
         * @description Takes the token of the mail to the previous address, once, within seven days. Restores that address,
         *     whatever was changed later, and invalidates the password, all sessions, device cookies and tokens of earlier mails. The
         *     authenticator app, passkeys and recovery codes that were added since the change are deleted.
         *     `new_password`, subject to the rules of `/register`, becomes the password; without it, a mail to the restored
         *     address lets its owner choose one. A rejected password does not use up the token.
         */
        post: operations["undoEmailChange"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email/verify/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject an account that was registered with your email address
         * @description For the owner of the mailbox who did not register, with the token of the verification mail. Removes the address
         *     from the account. If the account was registered with that address and has no username, it is deleted; with
         *     REQUIRE_VERIFIED_EMAIL, an account with a username is disabled. If an operator has set the address, the account gets its
         *     previous address back, if that is available; without one and without a username it is disabled. A verified address is
         *     not removed. The last administrator is neither deleted nor disabled: LAST_ADMIN, and the token stays valid.
         */
        post: operations["rejectEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Liveness */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readiness
         * @description Answers 200 if the database is reachable and writable.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/login/mfa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take the second step of a sign-in
         * @description Completes a sign-in that `/login` answered with MFA_REQUIRED, by a code of the authenticator app, a
         *     recovery code or a passkey. The token of the step is valid for five minutes, one success and five attempts. After
         *     MFA_TOKEN_INVALID, the user must sign in again.
         */
        post: operations["secondStep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/login/passkey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in with a passkey
         * @description Takes the credential that `navigator.credentials.get` returned for the options of
         *     `/login/passkey/options`, and creates a session at `aal2`: a passkey is two factors by itself.
         *
         *     After PASSKEY_UNKNOWN, a client may signal the browser to remove the passkey
         *     (`PublicKeyCredential.signalUnknownCredential`); never after PASSKEY_INVALID.
         */
        post: operations["passkeyLogin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/login/passkey/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin to sign in with a passkey
         * @description Returns the options for `navigator.credentials.get`, in the JSON of WebAuthn. Only the challenge
         *     differs between answers: the user chooses an account from the passkeys in the browser.
         */
        post: operations["passkeyLoginOptions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export my personal data
         * @description A JSON file with the account, its sessions, pending mails, links that were sent, previous addresses,
         *     the counters of its names, and its audit records. It contains no hash of a password or a token.
         */
        get: operations["exportAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the accounts at other providers
         * @description Lists the accounts at other providers with which the user signs in, the oldest first.
         */
        get: operations["listIdentities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me/identities/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Unlink an account at another provider
         * @description Requires a fresh access token. Ends no session, and changes neither the address of the account nor whether it
         *     is verified. The last way to sign in cannot be removed: LAST_CREDENTIAL.
         */
        delete: operations["unlinkIdentity"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa/recovery-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make new recovery codes
         * @description Requires a fresh access token, and an authenticator app or a passkey. Earlier codes become void. The
         *     new ones are shown once.
         */
        post: operations["makeRecoveryCodes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa/totp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set up an authenticator app
         * @description Requires a fresh access token. Creates a secret (RFC 6238: SHA-1, six digits, 30 s), to be confirmed
         *     with its first code at `/mfa/totp/confirm`. Until then an earlier app still works. Only the newest secret can be
         *     confirmed.
         */
        post: operations["addTotp"];
        /**
         * Remove the authenticator app
         * @description Requires a fresh access token. If no factor is left, a second step is no longer required, and the
         *     recovery codes become void.
         */
        delete: operations["removeTotp"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa/totp/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm the authenticator app
         * @description Requires a fresh access token. Confirms the new secret, requires a second step from now on, ends all
         *     other sessions below `aal2`, and makes recovery codes. The session itself is raised to `aal2`: refresh it for a
         *     token that says so.
         */
        post: operations["confirmTotp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/passkeys/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin to register a passkey
         * @description Returns the options for `navigator.credentials.create`, in the JSON of WebAuthn. Their challenge is
         *     valid for five minutes, for this session and for one passkey.
         */
        post: operations["passkeyOptions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/password/change": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change the password
         * @description Requires the current password, or a fresh access token of a sign-in with two factors. If the account
         *     requires a second step, or has no password, the token must be fresh in any case; an account without one gets its first
         *     password. The new password is subject to the rules of `/register`. Ends all other sessions of the user, invalidates device cookies except the one that the answer sets, and notifies a
         *     verified email address.
         */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/password/forgot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Request a password reset
         * @description The answer, and its timing, do not depend on whether the account exists or is disabled. Of several
         *     mails, only the newest is valid. The number of mails to an address is limited to a few per hour.
         */
        post: operations["forgotPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset the password
         * @description Takes the token of a mail, once, within 30 minutes. The password is subject to
         *     the rules of `/register`; a rejected one does not use up the token. Ends all sessions of the user, resets the counters of wrong
         *     passwords, and verifies the address. The client is not signed in, but gets a device cookie, so that the owner can sign
         *     in while others guess passwords; not if the account requires a second step. The second step stays required:
         *     `delete_passkeys` deletes all passkeys, unless neither an app nor a recovery code is left for it (LAST_CREDENTIAL), and
         *     `unlink_identities` unlinks all accounts at other providers. If nobody had verified the address before, both are done in
         *     any case, and a second step of passkeys alone is switched off.
         */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/token/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refresh the tokens
         * @description Returns a new access token and the successor of the refresh token. A refresh token is valid for one
         *     use. Used again within a few seconds of its first use, it returns the same successor; later it ends the session, since
         *     somebody may have a copy of it.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/token/step-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Authenticate again
         * @description Returns an access token with a new `auth_time`, for requests that are answered with STEP_UP_REQUIRED.
         *     The refresh token stays the same. A password is enough only if the account requires no second step.
         */
        post: operations["stepUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        IntrospectRequest: {
            /**
             * @description an access token or a refresh token
             * @example AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY
             */
            token: string;
            /**
             * @description ignored: the formats of the two kinds differ
             * @example refresh_token
             */
            token_type_hint?: string;
        };
        /** @example correct horse battery staple */
        CurrentPassword: string;
        LoginRequest: {
            /** @example ada */
            username: string;
            password: components["schemas"]["CurrentPassword"];
            /** @description return the refresh token as a cookie, for a frontend on the same site */
            cookie?: boolean;
        } | {
            email: string;
            password: components["schemas"]["CurrentPassword"];
            /** @description return the refresh token as a cookie, for a frontend on the same site */
            cookie?: boolean;
        };
        LogoutRequest: {
            /**
             * @description optional with the cookie of browser mode, over which it takes precedence
             * @example AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY
             */
            refresh_token?: string;
        };
        /**
         * @description letters, digits, dots, underscores and hyphens, with a letter or digit at either end
         * @example ada
         */
        Username: string;
        ChangeUsernameRequest: {
            username: components["schemas"]["Username"];
        };
        DeleteAccountRequest: {
            /**
             * @description required if the account has a password
             * @example correct horse battery staple
             */
            current_password?: string;
        };
        ChangeFactorsRequest: {
            required: boolean;
        };
        OpenapiResponse: {
            [key: string]: unknown;
        };
        /** @description All passkeys of the account, as `signalAllAcceptedCredentials` takes them. */
        ListPasskeysResponse: {
            /**
             * @description the RP ID of the service
             * @example auth.example.com
             */
            rp_id: string;
            /**
             * @description what authenticators know the account by, in base64url
             * @example AZijwn8AcACAAAAAAAAAAA
             */
            user_handle: string;
            passkeys: components["schemas"]["Passkey"][];
        };
        AddPasskeyRequest: {
            /** @description the answer of `navigator.credentials.create`, as JSON */
            credential: {
                id: string;
                rawId: string;
                type: string;
                response: {
                    clientDataJSON: string;
                    attestationObject: string;
                    transports?: string[];
                } & {
                    [key: string]: unknown;
                };
            } & {
                [key: string]: unknown;
            };
            /**
             * @description text without control characters
             * @example My phone
             */
            name?: string;
        };
        /**
         * @description a UUID
         * @example 0198a3c2-7f00-7000-8000-000000000001
         */
        Id: string;
        RenamePasskeyRequest: {
            /**
             * @description text without control characters
             * @example My phone
             */
            name: string;
        };
        /** @description The providers. */
        ListProvidersResponse: {
            providers: {
                /** @example google */
                id: string;
                /** @example Google */
                label: string;
                /** @enum {string} */
                kind: "google" | "microsoft" | "apple" | "github" | "oidc";
            }[];
        };
        /**
         * Format: email
         * @description an email address
         * @example ada@example.com
         */
        Email: string;
        RegisterRequest: {
            username: components["schemas"]["Username"];
            email?: components["schemas"]["Email"];
            /** @example correct horse battery staple */
            password: string;
        } | {
            username?: components["schemas"]["Username"];
            email: components["schemas"]["Email"];
            /** @example correct horse battery staple */
            password: string;
        };
        SecretResponse: {
            /** @example Hello ada, this is the secret. */
            message: string;
        };
        ListSessionsResponse: {
            sessions: components["schemas"]["Session"][];
        };
        JwksResponse: {
            keys: components["schemas"]["PublicKey"][];
        };
        /** @description The metadata. */
        AuthorizationServerResponse: {
            /**
             * Format: uri
             * @example https://auth.example.com
             */
            issuer: string;
            /**
             * Format: uri
             * @example https://auth.example.com/.well-known/jwks.json
             */
            jwks_uri: string;
            /** @example [] */
            response_types_supported: string[];
            /** @example [] */
            grant_types_supported: string[];
            /**
             * Format: uri
             * @example https://auth.example.com/introspect
             */
            introspection_endpoint?: string;
            introspection_endpoint_auth_methods_supported?: string[];
        };
        PasskeyEndpointsResponse: {
            /** @example https://auth.example.com/pages/account/passkeys */
            enroll: string;
            /** @example https://auth.example.com/pages/account/passkeys */
            manage: string;
        };
        /**
         * @description a number from 1 to 200
         * @example 50
         */
        Limit: string;
        /**
         * Format: date-time
         * @example 2026-01-31T12:00:00.000Z
         */
        Time: string;
        /** @description The records, the newest first. */
        AdminListRecordsResponse: {
            records: {
                /** @example 1 */
                seq: number;
                at: components["schemas"]["Time"];
                /** @example client */
                actor: string;
                /** @example login */
                action: string;
                account: string | null;
                session: string | null;
                address: string | null;
                request_id: string | null;
                detail: {
                    [key: string]: unknown;
                } | null;
            }[];
            /**
             * @description the `cursor` of the next page; null on the last page
             * @example MTc2NDUy
             */
            next: string | null;
        };
        /** @description The signing keys, in the order in which they sign. */
        AdminListKeysResponse: {
            keys: components["schemas"]["AdminKey"][];
        };
        AdminRotateKeysRequest: {
            /** @description sign immediately; other services may refuse its tokens for up to 300 s */
            now?: boolean;
        };
        /** @description The service keys, active ones first; 200 at most. */
        AdminListServiceKeysResponse: {
            service_keys: components["schemas"]["ServiceKey"][];
        };
        AdminMakeServiceKeyRequest: {
            /**
             * @description what the key is for
             * @example nightly-sync
             */
            name: string;
            scopes: ("users:read" | "users:write" | "users:help" | "audit:read" | "keys:write" | "introspect" | "metrics")[];
            /** @description seconds */
            expires_in?: number;
        };
        AdminRotateServiceKeyRequest: {
            /** @description for how many seconds the previous secret works; 86400 by default */
            overlap?: number;
        };
        /** @description The statistics: days in UTC, the oldest first, today included. */
        AdminReadStatisticsResponse: {
            users: {
                /** @example 0 */
                total: number;
                /** @example 0 */
                disabled: number;
                /** @example 0 */
                unverified: number;
                /** @example 0 */
                invited: number;
            };
            sessions: {
                /** @example 0 */
                living: number;
            };
            days: {
                /**
                 * Format: date
                 * @example 2026-01-31
                 */
                date: string;
                /** @example 0 */
                registered: number;
                /** @example 0 */
                login: number;
                /** @example 0 */
                login_failed: number;
                /** @example 0 */
                throttled: number;
                /** @example 0 */
                mails_lost: number;
            }[];
        };
        /** @description `next` of the page before */
        Cursor: string;
        /** @description The accounts, the newest first. */
        AdminListUsersResponse: {
            users: components["schemas"]["ListedUser"][];
            /**
             * @description the `cursor` of the next page; null on the last page
             * @example MTc2NDUy
             */
            next: string | null;
        };
        /**
         * @example [
         *       "editor"
         *     ]
         */
        Roles: string[];
        /**
         * @description any keys; 4,096 bytes as JSON and 8 levels at most
         * @example {
         *       "plan": "pro"
         *     }
         */
        Metadata: {
            [key: string]: unknown;
        };
        AdminCreateUserRequest: {
            id?: components["schemas"]["Id"];
            username: components["schemas"]["Username"];
            email?: components["schemas"]["Email"];
            email_verified?: boolean;
            roles?: components["schemas"]["Roles"];
            /**
             * @description without one, nobody signs in by password
             * @example correct horse battery staple
             */
            password?: string;
            metadata?: components["schemas"]["Metadata"];
            /** @description send an invitation: needs `email`, and no `password` */
            invite?: boolean;
        } | {
            id?: components["schemas"]["Id"];
            username?: components["schemas"]["Username"];
            email: components["schemas"]["Email"];
            email_verified?: boolean;
            roles?: components["schemas"]["Roles"];
            /**
             * @description without one, nobody signs in by password
             * @example correct horse battery staple
             */
            password?: string;
            metadata?: components["schemas"]["Metadata"];
            /** @description send an invitation: needs `email`, and no `password` */
            invite?: boolean;
        };
        AdminChangeUserRequest: {
            username?: components["schemas"]["Username"] | null;
            email?: components["schemas"]["Email"] | null;
            email_verified?: boolean;
            roles?: components["schemas"]["Roles"];
            disabled?: boolean;
            /**
             * @description a merge patch (RFC 7396): null removes a key
             * @example {
             *       "plan": "pro"
             *     }
             */
            metadata?: {
                [key: string]: unknown;
            };
        };
        AdminSendMailRequest: {
            /** @enum {string} */
            kind: "invitation" | "verify_email" | "reset_password";
        };
        AdminSetPasswordRequest: {
            /** @example correct horse battery staple */
            new_password: string;
            keep_sessions?: boolean;
        };
        /** @description The sessions, active ones first; 1,000 at most. */
        AdminListSessionsResponse: {
            sessions: {
                id: string;
                created_at: components["schemas"]["Time"];
                last_used_at: components["schemas"]["Time"];
                expires_at: components["schemas"]["Time"];
                user_agent: string | null;
                ip: string | null;
                ended_at: components["schemas"]["Time"] | null;
                end_reason: string | null;
            }[];
        };
        ChangeEmailRequest: {
            new_email: components["schemas"]["Email"];
            /**
             * @description required if the account has a password
             * @example correct horse battery staple
             */
            current_password?: string;
        };
        /** @description Accepted: the same whether there is anything to send or not. */
        ChangeEmailResponse: {
            /** @example If there is anything to send to this address, it is on its way. */
            message: string;
        };
        ResendVerificationRequest: {
            /**
             * Format: email
             * @description an email address
             * @example ada@example.com
             */
            email: string;
        };
        /** @description Accepted: the same whether there is anything to send or not. */
        ResendVerificationResponse: {
            /** @example If there is anything to send to this address, it is on its way. */
            message: string;
        };
        /**
         * @description the token of the link in a mail
         * @example 3q2-7wB5c2VjcmV0IHRoYXQgbm9ib2R5IGd1ZXNzZXM
         */
        EmailToken: string;
        VerifyEmailRequest: {
            token: components["schemas"]["EmailToken"];
            /**
             * @description the password of the account; optional with an access token of the account
             * @example correct horse battery staple
             */
            password?: string;
        };
        ConfirmEmailChangeRequest: {
            token: components["schemas"]["EmailToken"];
        };
        UndoEmailChangeRequest: {
            token: components["schemas"]["EmailToken"];
            /** @example an even better horse battery staple */
            new_password?: string;
        };
        RejectEmailRequest: {
            token: components["schemas"]["EmailToken"];
        };
        LiveResponse: {
            /** @enum {string} */
            status: "ok";
        };
        ReadyResponse: {
            /** @enum {string} */
            status: "ok";
        };
        /** @description the answer of `navigator.credentials.get`, as JSON */
        AssertionCredential: {
            id: string;
            rawId: string;
            type: string;
            response: {
                clientDataJSON: string;
                authenticatorData: string;
                signature: string;
                userHandle?: string | null;
            } & {
                [key: string]: unknown;
            };
        } & {
            [key: string]: unknown;
        };
        SecondStepRequest: {
            /**
             * @description of the challenge of `/login`
             * @example q1Yk0b1FvXh3mB7mQ4x6cJ0nq3d2lQ8vT0yWkKfLr5c
             */
            mfa_token: string;
            /**
             * @description the six digits of the authenticator app
             * @example 123456
             */
            totp: string;
        } | {
            /**
             * @description of the challenge of `/login`
             * @example q1Yk0b1FvXh3mB7mQ4x6cJ0nq3d2lQ8vT0yWkKfLr5c
             */
            mfa_token: string;
            /** @example 7k3mp-x2q9v */
            recovery_code: string;
        } | {
            /**
             * @description of the challenge of `/login`
             * @example q1Yk0b1FvXh3mB7mQ4x6cJ0nq3d2lQ8vT0yWkKfLr5c
             */
            mfa_token: string;
            credential: components["schemas"]["AssertionCredential"];
        };
        PasskeyLoginRequest: {
            credential: components["schemas"]["AssertionCredential"];
            /** @description return the refresh token as a cookie, for a frontend on the same site */
            cookie?: boolean;
        };
        /** @description the options for `navigator.credentials.get` */
        RequestOptions: {
            /** @example AZwAAAAAd2hhdCBhIGNoYWxsZW5nZSBpcyBtYWRlIG9mOiBieXRlcyBvZiBjaGFuY2U */
            challenge: string;
            /** @example 300000 */
            timeout?: number;
            /** @example auth.example.com */
            rpId?: string;
            allowCredentials?: {
                id: string;
                type: string;
                transports?: string[];
            }[];
            userVerification?: string;
        };
        PasskeyLoginOptionsResponse: {
            public_key: components["schemas"]["RequestOptions"];
            /**
             * @description seconds
             * @example 300
             */
            expires_in: number;
        };
        /** @description The file. */
        ExportAccountResponse: {
            exported_at: components["schemas"]["Time"];
            user: components["schemas"]["User"];
            locale: string | null;
            roles: string[];
            metadata: {
                [key: string]: unknown;
            };
            last_login_at: components["schemas"]["Time"] | null;
            limits: {
                /** @enum {string} */
                name: "username" | "email";
                wrong_passwords: number;
                /** @description seconds */
                blocked_for: number;
            }[];
            resting_usernames: {
                username: string;
                until: components["schemas"]["Time"];
            }[];
            email_changes: {
                previous_email: string;
                asked_at: components["schemas"]["Time"] | null;
                changed_at: components["schemas"]["Time"];
                undone_at: components["schemas"]["Time"] | null;
            }[];
            email_tokens: {
                purpose: string;
                email: string;
                sent_at: components["schemas"]["Time"];
                expires_at: components["schemas"]["Time"];
                used_at: components["schemas"]["Time"] | null;
            }[];
            mfa: {
                required: boolean;
                totp: {
                    created_at: components["schemas"]["Time"];
                } | null;
            };
            recovery_codes: {
                made_at: components["schemas"]["Time"];
                used_at: components["schemas"]["Time"] | null;
            }[];
            passkeys: {
                id: string;
                credential_id: string;
                name: string;
                created_at: components["schemas"]["Time"];
                last_used_at: components["schemas"]["Time"] | null;
                backup_eligible: boolean;
                backed_up: boolean;
                transports: string[];
                rp_id: string;
            }[];
            identities: {
                id: string;
                provider: string;
                issuer: string;
                subject: string;
                email: string | null;
                linked_at: components["schemas"]["Time"];
                last_used_at: components["schemas"]["Time"] | null;
            }[];
            login_steps: {
                created_at: components["schemas"]["Time"];
                expires_at: components["schemas"]["Time"];
                used_at: components["schemas"]["Time"] | null;
                attempts: number;
            }[];
            service_keys: {
                id: string;
                name: string;
                created_at: components["schemas"]["Time"];
            }[];
            sessions: {
                id: string;
                created_at: components["schemas"]["Time"];
                last_used_at: components["schemas"]["Time"];
                ended_at: components["schemas"]["Time"] | null;
                end_reason: string | null;
                user_agent: string | null;
                ip: string | null;
                authenticated_at: components["schemas"]["Time"];
                amr: string[];
            }[];
            mails: {
                kind: string;
                recipient: string;
                created_at: components["schemas"]["Time"];
                attempts: number;
            }[];
            records: {
                at: components["schemas"]["Time"];
                actor: string;
                action: string;
                session: string | null;
                address: string | null;
                request_id: string | null;
                detail: {
                    [key: string]: unknown;
                } | null;
            }[];
        };
        /** @description The accounts at other providers. */
        ListIdentitiesResponse: {
            identities: {
                /**
                 * Format: uuid
                 * @example 0198a3c2-7f00-7000-8000-000000000002
                 */
                id: string;
                /** @example google */
                provider: string;
                /** @example ada@example.com */
                email: string | null;
                linked_at: components["schemas"]["Time"];
                last_used_at: components["schemas"]["Time"] | null;
            }[];
        };
        ConfirmTotpRequest: {
            /**
             * @description six digits
             * @example 287082
             */
            totp: string;
        };
        PasskeyOptionsResponse: {
            /**
             * @description the options for `navigator.credentials.create`, as `parseCreationOptionsFromJSON` takes them
             * @example {
             *       "rp": {
             *         "name": "Example",
             *         "id": "auth.example.com"
             *       },
             *       "user": {
             *         "id": "AZijwn8AcACAAAAAAAAAAA",
             *         "name": "ada",
             *         "displayName": "ada"
             *       },
             *       "challenge": "AZwAAAAAd2hhdCBhIGNoYWxsZW5nZSBpcyBtYWRlIG9mOiBieXRlcyBvZiBjaGFuY2U",
             *       "pubKeyCredParams": [
             *         {
             *           "type": "public-key",
             *           "alg": -8
             *         }
             *       ],
             *       "timeout": 300000,
             *       "excludeCredentials": [],
             *       "authenticatorSelection": {
             *         "residentKey": "required",
             *         "requireResidentKey": true,
             *         "userVerification": "required"
             *       },
             *       "attestation": "none"
             *     }
             */
            public_key: {
                [key: string]: unknown;
            };
            /**
             * @description seconds
             * @example 300
             */
            expires_in: number;
        };
        ChangePasswordRequest: {
            /**
             * @description required if the account has a password and the access token is not a fresh one of `aal2`
             * @example correct horse battery staple
             */
            current_password?: string;
            /** @example an even better horse battery staple */
            new_password: string;
        };
        ForgotPasswordRequest: {
            /**
             * Format: email
             * @description an email address
             * @example ada@example.com
             */
            email: string;
        };
        /** @description Accepted: the same whether there is anything to send or not. */
        ForgotPasswordResponse: {
            /** @example If there is anything to send to this address, it is on its way. */
            message: string;
        };
        ResetPasswordRequest: {
            token: components["schemas"]["EmailToken"];
            /** @example an even better horse battery staple */
            new_password: string;
            /** @description delete all passkeys of the account: somebody else may have added one */
            delete_passkeys?: boolean;
            /** @description unlink all accounts at other providers: somebody else may have linked one */
            unlink_identities?: boolean;
        };
        RefreshRequest: {
            /**
             * @description optional with the cookie of browser mode, over which it takes precedence
             * @example AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY
             */
            refresh_token?: string;
        };
        StepUpRequest: {
            password: components["schemas"]["CurrentPassword"];
        } | {
            /**
             * @description the six digits of the authenticator app
             * @example 123456
             */
            totp: string;
        } | {
            /** @example 7k3mp-x2q9v */
            recovery_code: string;
        } | {
            credential: components["schemas"]["AssertionCredential"];
        };
        AdminKey: {
            kid: string;
            /** @enum {string} */
            state: "published" | "signing" | "verifying" | "expired" | "revoked";
            created_at: components["schemas"]["Time"];
            signs_from: components["schemas"]["Time"];
            verifies_until: components["schemas"]["Time"] | null;
        };
        AdminUser: {
            /**
             * Format: uuid
             * @example 0198a3c2-7f00-7000-8000-000000000000
             */
            id: string;
            /** @example ada */
            username: string | null;
            /** @example ada@example.com */
            email: string | null;
            /** @example false */
            email_verified: boolean;
            created_at: components["schemas"]["Time"];
            disabled_at: components["schemas"]["Time"] | null;
            last_login_at: components["schemas"]["Time"] | null;
            roles: string[];
            has_password: boolean;
            metadata: components["schemas"]["Metadata"];
            factors: components["schemas"]["Mfa"];
            limits: {
                /** @enum {string} */
                name: "username" | "email";
                /** @example 0 */
                wrong_passwords: number;
                /**
                 * @description seconds
                 * @example 0
                 */
                blocked_for: number;
            }[];
        };
        NewServiceKey: {
            /** @example 2vQh0mF1tG9cJx3bN7yKpL */
            id: string;
            /** @example nightly-sync */
            name: string;
            scopes: string[];
            created_at: components["schemas"]["Time"];
            created_by: string | null;
            expires_at: components["schemas"]["Time"] | null;
            last_used_at: components["schemas"]["Time"] | null;
            last_used_from: string | null;
            revoked_at: components["schemas"]["Time"] | null;
            /** @description the key itself: shown only here */
            key: string;
        };
        ServiceKey: {
            /** @example 2vQh0mF1tG9cJx3bN7yKpL */
            id: string;
            /** @example nightly-sync */
            name: string;
            scopes: string[];
            created_at: components["schemas"]["Time"];
            created_by: string | null;
            expires_at: components["schemas"]["Time"] | null;
            last_used_at: components["schemas"]["Time"] | null;
            last_used_from: string | null;
            revoked_at: components["schemas"]["Time"] | null;
        };
        ListedUser: {
            /**
             * Format: uuid
             * @example 0198a3c2-7f00-7000-8000-000000000000
             */
            id: string;
            /** @example ada */
            username: string | null;
            /** @example ada@example.com */
            email: string | null;
            /** @example false */
            email_verified: boolean;
            created_at: components["schemas"]["Time"];
            disabled_at: components["schemas"]["Time"] | null;
            last_login_at: components["schemas"]["Time"] | null;
            roles: string[];
            has_password: boolean;
        };
        User: {
            /**
             * Format: uuid
             * @example 0198a3c2-7f00-7000-8000-000000000000
             */
            id: string;
            /** @example ada */
            username: string | null;
            /** @example ada@example.com */
            email: string | null;
            /** @example false */
            email_verified: boolean;
            created_at: components["schemas"]["Time"];
        };
        Tokens: {
            /**
             * @description a JWT signed with ES256 (RFC 9068)
             * @example eyJhbGciOiJFUzI1NiIsI…
             */
            access_token: string;
            /** @enum {string} */
            token_type: "Bearer";
            /**
             * @description seconds
             * @example 900
             */
            expires_in: number;
            /**
             * @description absent in browser mode, in which a cookie has it
             * @example AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY
             */
            refresh_token?: string;
        };
        Session: {
            /**
             * Format: uuid
             * @example 0198a3c2-7f00-7000-8000-000000000000
             */
            id: string;
            created_at: components["schemas"]["Time"];
            last_used_at: components["schemas"]["Time"];
            /**
             * Format: date-time
             * @description when the session expires unless it is used before
             * @example 2026-03-02T12:00:00.000Z
             */
            expires_at: string;
            /** @example Mozilla/5.0 (X11; Linux x86_64)… */
            user_agent: string | null;
            /**
             * @description the address of the client at login
             * @example 198.51.100.7
             */
            ip: string | null;
            /** @description whether it is the session of the access token */
            current: boolean;
        };
        /**
         * @example {
         *       "active": true,
         *       "sub": "0198a3c2-7f00-7000-8000-000000000000",
         *       "sid": "0198a3c2-7f00-7000-8000-000000000001",
         *       "iss": "https://auth.example.com",
         *       "aud": "https://auth.example.com",
         *       "iat": 1769860800,
         *       "exp": 1769861700,
         *       "token_type": "Bearer",
         *       "username": "ada",
         *       "roles": [
         *         "editor"
         *       ],
         *       "auth_time": 1769860800,
         *       "amr": [
         *         "pwd"
         *       ],
         *       "acr": "aal1"
         *     }
         * @example {
         *       "active": false
         *     }
         */
        TokenState: {
            active: boolean;
            /** @description the id of the user */
            sub?: string;
            /** @description the id of the session */
            sid?: string;
            iss?: string;
            aud?: string | string[];
            /** @description seconds since the epoch */
            iat?: number;
            /** @description seconds since the epoch */
            exp?: number;
            /** @description Bearer for an access token; a refresh token grants no access */
            token_type?: "Bearer" | "refresh_token";
            username?: string;
            /** @description the roles of the user, as they are now */
            roles?: string[];
            /** @description when the user last proved something, in seconds since the epoch (RFC 9470 §6.2) */
            auth_time?: number;
            /** @description what the user proved (RFC 8176) */
            amr?: string[];
            /** @description `aal2` with two factors, else `aal1` */
            acr?: string;
        };
        PublicKey: {
            /** @enum {string} */
            kty: "EC";
            /** @enum {string} */
            crv: "P-256";
            x: string;
            y: string;
            kid: string;
            /** @enum {string} */
            alg: "ES256";
            /** @enum {string} */
            use: "sig";
        };
        Mfa: {
            /** @description whether a password alone does not sign in */
            required: boolean;
            totp: {
                created_at: components["schemas"]["Time"];
            } | null;
            /** @example 2 */
            passkeys: number;
            /**
             * @description how many are left
             * @example 8
             */
            recovery_codes: number;
            /** @description recovery codes, each good once; shown only here */
            codes?: string[];
        };
        NewTotp: {
            /**
             * @description 20 bytes in base32
             * @example GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
             */
            secret: string;
            /**
             * @description the same for a QR code
             * @example otpauth://totp/Example:ada?issuer=Example&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
             */
            uri: string;
            /**
             * @description seconds within which a code has to be shown
             * @example 600
             */
            expires_in: number;
        };
        RecoveryCodes: {
            /** @description recovery codes, each good once; shown only here */
            codes: string[];
        };
        Passkey: {
            /**
             * Format: uuid
             * @example 0198a3c2-7f00-7000-8000-000000000002
             */
            id: string;
            /**
             * @description base64url
             * @example ueG0V3CqZgNN1cY2rCW7Eg
             */
            credential_id: string;
            /** @example My phone */
            name: string;
            created_at: components["schemas"]["Time"];
            last_used_at: components["schemas"]["Time"] | null;
            /**
             * @description whether it may be synced
             * @example true
             */
            backup_eligible: boolean;
            /**
             * @description whether it was synced at its last use
             * @example true
             */
            backed_up: boolean;
        };
        /** @description The body of every error. */
        Problem: {
            statusCode: number;
            error: string;
            /** @enum {string} */
            code: "VALIDATION_FAILED" | "MALFORMED_REQUEST" | "PASSWORD_REJECTED" | "EMAIL_TOKEN_INVALID" | "PASSKEY_REJECTED" | "INVALID_CREDENTIALS" | "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "MFA_TOKEN_INVALID" | "MFA_CODE_INVALID" | "STEP_UP_REQUIRED" | "PASSKEY_UNKNOWN" | "PASSKEY_INVALID" | "REFRESH_TOKEN_INVALID" | "EMAIL_UNVERIFIED" | "MFA_REQUIRED" | "FORBIDDEN" | "ROLE_PROTECTED" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "ACCOUNT_EXISTS" | "IDENTITY_TAKEN" | "LAST_ADMIN" | "LAST_CREDENTIAL" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "TOO_MANY_REQUESTS" | "INTERNAL" | "OVERLOADED" | "DATABASE_UNAVAILABLE" | "MAIL_UNAVAILABLE";
            message: string;
            errors?: {
                /** @description the JSON pointer of the key at fault */
                path: string;
                message: string;
                /** @enum {string} */
                rule?: "min_length" | "max_bytes" | "common" | "same_as_name" | "taken" | "reserved" | "too_large";
            }[];
            /** @description what to prove: with MFA_REQUIRED and STEP_UP_REQUIRED */
            challenge?: {
                /** @description what the account can prove here */
                factors: ("totp" | "recovery_code" | "passkey" | "password")[];
                /** @description seconds */
                expires_in: number;
                /** @description for `/login/mfa` */
                mfa_token?: string;
                public_key?: components["schemas"]["RequestOptions"];
            };
        };
    };
    responses: {
        /** @description VALIDATION_FAILED, MALFORMED_REQUEST */
        E400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "VALIDATION_FAILED" | "MALFORMED_REQUEST";
                };
            };
        };
        /** @description TOKEN_MISSING, TOKEN_INVALID */
        "TOKEN_MISSING.TOKEN_INVALID": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "TOKEN_MISSING" | "TOKEN_INVALID";
                };
            };
        };
        /** @description FORBIDDEN */
        E403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "FORBIDDEN";
                };
            };
        };
        /** @description NOT_FOUND */
        E404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "NOT_FOUND";
                };
            };
        };
        /** @description MALFORMED_REQUEST */
        E408: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "MALFORMED_REQUEST";
                };
            };
        };
        /** @description BODY_TOO_LARGE */
        E413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "BODY_TOO_LARGE";
                };
            };
        };
        /** @description UNSUPPORTED_MEDIA_TYPE */
        E415: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "UNSUPPORTED_MEDIA_TYPE";
                };
            };
        };
        /** @description MALFORMED_REQUEST */
        E417: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "MALFORMED_REQUEST";
                };
            };
        };
        /** @description TOO_MANY_REQUESTS */
        E429: {
            headers: {
                "retry-after"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "TOO_MANY_REQUESTS";
                };
            };
        };
        /** @description MALFORMED_REQUEST */
        E431: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "MALFORMED_REQUEST";
                };
            };
        };
        /** @description INTERNAL */
        E500: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "INTERNAL";
                };
            };
        };
        /** @description OVERLOADED, DATABASE_UNAVAILABLE */
        E503: {
            headers: {
                "retry-after"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "OVERLOADED" | "DATABASE_UNAVAILABLE";
                };
            };
        };
        /** @description INVALID_CREDENTIALS */
        INVALID_CREDENTIALS: {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "INVALID_CREDENTIALS";
                };
            };
        };
        /** @description EMAIL_UNVERIFIED, MFA_REQUIRED */
        "EMAIL_UNVERIFIED.MFA_REQUIRED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "EMAIL_UNVERIFIED" | "MFA_REQUIRED";
                };
            };
        };
        /** @description TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED */
        E401: {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED";
                };
            };
        };
        /** @description ACCOUNT_EXISTS */
        E409: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "ACCOUNT_EXISTS";
                };
            };
        };
        /** @description INVALID_CREDENTIALS, TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, STEP_UP_REQUIRED */
        "E401.INVALID_CREDENTIALS.STEP_UP_REQUIRED": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "INVALID_CREDENTIALS" | "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "STEP_UP_REQUIRED";
                };
            };
        };
        /** @description LAST_ADMIN */
        LAST_ADMIN: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "LAST_ADMIN";
                };
            };
        };
        /** @description TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, STEP_UP_REQUIRED */
        "E401.STEP_UP_REQUIRED": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "STEP_UP_REQUIRED";
                };
            };
        };
        /** @description OVERLOADED */
        OVERLOADED: {
            headers: {
                "retry-after"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "OVERLOADED";
                };
            };
        };
        /** @description VALIDATION_FAILED, MALFORMED_REQUEST, PASSKEY_REJECTED */
        "E400.PASSKEY_REJECTED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "VALIDATION_FAILED" | "MALFORMED_REQUEST" | "PASSKEY_REJECTED";
                };
            };
        };
        /** @description MALFORMED_REQUEST */
        E414: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "MALFORMED_REQUEST";
                };
            };
        };
        /** @description LAST_CREDENTIAL */
        LAST_CREDENTIAL: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "LAST_CREDENTIAL";
                };
            };
        };
        /** @description VALIDATION_FAILED, MALFORMED_REQUEST, PASSWORD_REJECTED */
        "E400.PASSWORD_REJECTED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "VALIDATION_FAILED" | "MALFORMED_REQUEST" | "PASSWORD_REJECTED";
                };
            };
        };
        /** @description FORBIDDEN, ROLE_PROTECTED */
        "E403.ROLE_PROTECTED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "FORBIDDEN" | "ROLE_PROTECTED";
                };
            };
        };
        /** @description OVERLOADED, DATABASE_UNAVAILABLE, MAIL_UNAVAILABLE */
        "E503.MAIL_UNAVAILABLE": {
            headers: {
                "retry-after"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "OVERLOADED" | "DATABASE_UNAVAILABLE" | "MAIL_UNAVAILABLE";
                };
            };
        };
        /** @description ACCOUNT_EXISTS, LAST_ADMIN */
        "E409.LAST_ADMIN": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "ACCOUNT_EXISTS" | "LAST_ADMIN";
                };
            };
        };
        /** @description VALIDATION_FAILED, MALFORMED_REQUEST, EMAIL_TOKEN_INVALID */
        "E400.EMAIL_TOKEN_INVALID": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "VALIDATION_FAILED" | "MALFORMED_REQUEST" | "EMAIL_TOKEN_INVALID";
                };
            };
        };
        /** @description INVALID_CREDENTIALS, TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED */
        "E401.INVALID_CREDENTIALS": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "INVALID_CREDENTIALS" | "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED";
                };
            };
        };
        /** @description VALIDATION_FAILED, MALFORMED_REQUEST, PASSWORD_REJECTED, EMAIL_TOKEN_INVALID */
        "E400.PASSWORD_REJECTED.EMAIL_TOKEN_INVALID": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "VALIDATION_FAILED" | "MALFORMED_REQUEST" | "PASSWORD_REJECTED" | "EMAIL_TOKEN_INVALID";
                };
            };
        };
        /** @description MFA_TOKEN_INVALID, MFA_CODE_INVALID */
        "MFA_TOKEN_INVALID.MFA_CODE_INVALID": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "MFA_TOKEN_INVALID" | "MFA_CODE_INVALID";
                };
            };
        };
        /** @description PASSKEY_UNKNOWN, PASSKEY_INVALID */
        "PASSKEY_UNKNOWN.PASSKEY_INVALID": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "PASSKEY_UNKNOWN" | "PASSKEY_INVALID";
                };
            };
        };
        /** @description EMAIL_UNVERIFIED */
        EMAIL_UNVERIFIED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "EMAIL_UNVERIFIED";
                };
            };
        };
        /** @description TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, MFA_CODE_INVALID, STEP_UP_REQUIRED */
        "E401.MFA_CODE_INVALID.STEP_UP_REQUIRED": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "MFA_CODE_INVALID" | "STEP_UP_REQUIRED";
                };
            };
        };
        /** @description REFRESH_TOKEN_INVALID */
        REFRESH_TOKEN_INVALID: {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "REFRESH_TOKEN_INVALID";
                };
            };
        };
        /** @description INVALID_CREDENTIALS, TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, MFA_CODE_INVALID */
        "E401.INVALID_CREDENTIALS.MFA_CODE_INVALID": {
            headers: {
                "www-authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code: "INVALID_CREDENTIALS" | "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "MFA_CODE_INVALID";
                };
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    introspect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY",
                 *       "token_type_hint": "refresh_token"
                 *     }
                 */
                "application/json": components["schemas"]["IntrospectRequest"];
                /**
                 * @example {
                 *       "token": "AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY",
                 *       "token_type_hint": "refresh_token"
                 *     }
                 */
                "application/x-www-form-urlencoded": components["schemas"]["IntrospectRequest"];
            };
        };
        responses: {
            /** @description Whether the token is active, and its claims (RFC 7662 §2.2). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenState"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["TOKEN_MISSING.TOKEN_INVALID"];
            403: components["responses"]["E403"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description The tokens (RFC 6749 §5.1). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["INVALID_CREDENTIALS"];
            403: components["responses"]["EMAIL_UNVERIFIED.MFA_REQUIRED"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY"
                 *     }
                 */
                "application/json": components["schemas"]["LogoutRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    deleteAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["DeleteAccountRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.INVALID_CREDENTIALS.STEP_UP_REQUIRED"];
            408: components["responses"]["E408"];
            409: components["responses"]["LAST_ADMIN"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    changeUsername: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "ada.lovelace"
                 *     }
                 */
                "application/json": components["schemas"]["ChangeUsernameRequest"];
            };
        };
        responses: {
            /** @description The user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["TOKEN_MISSING.TOKEN_INVALID"];
            403: components["responses"]["E403"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    readFactors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The second factors; `codes` only if recovery codes were made. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mfa"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    changeFactors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeFactorsRequest"];
            };
        };
        responses: {
            /** @description The second factors; `codes` only if recovery codes were made. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mfa"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenapiResponse"];
                };
            };
            /** @description The document of `If-None-Match` is the current one. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["OVERLOADED"];
        };
    };
    listPasskeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All passkeys of the account, as `signalAllAcceptedCredentials` takes them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListPasskeysResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    addPasskey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "credential": {
                 *         "id": "ueG0V3CqZgNN1cY2rCW7Eg",
                 *         "rawId": "ueG0V3CqZgNN1cY2rCW7Eg",
                 *         "type": "public-key",
                 *         "response": {
                 *           "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoi…",
                 *           "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVi…",
                 *           "transports": [
                 *             "internal",
                 *             "hybrid"
                 *           ]
                 *         }
                 *       },
                 *       "name": "My phone"
                 *     }
                 */
                "application/json": components["schemas"]["AddPasskeyRequest"];
            };
        };
        responses: {
            /** @description The passkey. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Passkey"];
                };
            };
            400: components["responses"]["E400.PASSKEY_REJECTED"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    removePasskey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            409: components["responses"]["LAST_CREDENTIAL"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    renamePasskey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "My phone"
                 *     }
                 */
                "application/json": components["schemas"]["RenamePasskeyRequest"];
            };
        };
        responses: {
            /** @description The passkey. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Passkey"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    listProviders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The providers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListProvidersResponse"];
                };
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["OVERLOADED"];
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "ada",
                 *       "email": "ada@example.com",
                 *       "password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["RegisterRequest"];
            };
        };
        responses: {
            /** @description The user. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["E400.PASSWORD_REJECTED"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    secret: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["OVERLOADED"];
        };
    };
    listSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListSessionsResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    endOtherSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    jwks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JwksResponse"];
                };
            };
            /** @description The document of `If-None-Match` is the current one. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["OVERLOADED"];
        };
    };
    authorizationServer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthorizationServerResponse"];
                };
            };
            /** @description The document of `If-None-Match` is the current one. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["OVERLOADED"];
        };
    };
    passkeyEndpoints: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyEndpointsResponse"];
                };
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["OVERLOADED"];
        };
    };
    adminListRecords: {
        parameters: {
            query?: {
                limit?: components["schemas"]["Limit"];
                /** @description `next` of the page before */
                cursor?: string;
                /** @description a UUID */
                account?: string;
                /** @description the id of the account or the service key that did it */
                by?: string;
                /** @example login failed */
                action?: "registered" | "login" | "login failed" | "logged out" | "refresh replayed" | "session ended" | "sessions ended" | "password changed" | "password change failed" | "password reset" | "mail asked" | "email verified" | "email verification failed" | "email rejected" | "email change asked" | "email change failed" | "email changed" | "email change undone" | "username changed" | "data exported" | "account deletion failed" | "login throttled" | "registration throttled" | "refresh throttled" | "logout throttled" | "password throttled" | "password change throttled" | "mail throttled" | "email change throttled" | "username change throttled" | "export throttled" | "account deletion throttled" | "admin throttled" | "second step asked" | "second factor failed" | "second factor throttled" | "passkey login failed" | "passkey login throttled" | "stepped up" | "step-up failed" | "federated login" | "federated login failed" | "federated login throttled" | "identity linked" | "identity unlinked" | "account claimed" | "totp added" | "totp removed" | "recovery codes made" | "recovery code used" | "second step required" | "second step not required" | "passkey added" | "passkey renamed" | "passkey removed" | "passkey cloned" | "factors reset" | "key rotated" | "key revoked" | "keys rewrapped" | "service key made" | "service key revoked" | "admin refused" | "user created" | "user disabled" | "user enabled" | "user unlocked" | "user deleted" | "user changed" | "user invited" | "roles changed" | "factors removed" | "mail sent by an operator" | "mail lost" | "password set" | "users imported" | "users exported" | "backup made" | "backup restored" | "audit purged" | "records lost" | "record damaged";
                /**
                 * @description an IP address
                 * @example 198.51.100.7
                 */
                address?: string;
                /**
                 * @description a time (RFC 3339)
                 * @example 2026-01-31T12:00:00Z
                 */
                after?: string;
                /**
                 * @description a time (RFC 3339)
                 * @example 2026-01-31T12:00:00Z
                 */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The records, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminListRecordsResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminListKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The signing keys, in the order in which they sign. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminListKeysResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminRotateKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminRotateKeysRequest"];
            };
        };
        responses: {
            /** @description The new key. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminKey"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminRevokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description the id of a key
                 * @example k1
                 */
                kid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminListServiceKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The service keys, active ones first; 200 at most. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminListServiceKeysResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminMakeServiceKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "nightly-sync",
                 *       "scopes": [
                 *         "users:read"
                 *       ],
                 *       "expires_in": 31536000
                 *     }
                 */
                "application/json": components["schemas"]["AdminMakeServiceKeyRequest"];
            };
        };
        responses: {
            /** @description The service key, and its text, which is shown only here. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewServiceKey"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminRotateServiceKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description the id of a service key
                 * @example 2vQh0mF1tG9cJx3bN7yKpL
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminRotateServiceKeyRequest"];
            };
        };
        responses: {
            /** @description The service key, and its text, which is shown only here. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewServiceKey"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminRevokeServiceKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description the id of a service key
                 * @example 2vQh0mF1tG9cJx3bN7yKpL
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminReadStatistics: {
        parameters: {
            query?: {
                /**
                 * @description a number from 1 to 90
                 * @example 30
                 */
                days?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The statistics: days in UTC, the oldest first, today included. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminReadStatisticsResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminListUsers: {
        parameters: {
            query?: {
                limit?: components["schemas"]["Limit"];
                cursor?: components["schemas"]["Cursor"];
                /**
                 * @description text without control characters: the start of a username or an email address, in any letter case
                 * @example ad
                 */
                search?: string;
                /** @description a username without control characters, in any letter case */
                username?: string;
                /** @description an email address without control characters, in any letter case */
                email?: string;
                /**
                 * @description a lower-case letter, then letters, digits, underscores and hyphens
                 * @example editor
                 */
                role?: string;
                /** @example active */
                state?: "active" | "disabled" | "unverified" | "invited";
                /**
                 * @description a time (RFC 3339)
                 * @example 2026-01-31T12:00:00Z
                 */
                created_after?: string;
                /**
                 * @description a time (RFC 3339)
                 * @example 2026-01-31T12:00:00Z
                 */
                created_before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The accounts, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminListUsersResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminCreateUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminCreateUserRequest"];
            };
        };
        responses: {
            /** @description The account. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            400: components["responses"]["E400.PASSWORD_REJECTED"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    adminReadUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            414: components["responses"]["E414"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminDeleteUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            409: components["responses"]["LAST_ADMIN"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminChangeUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminChangeUserRequest"];
            };
        };
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409.LAST_ADMIN"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminRemoveFactors: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminUnlockUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminSendMail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "reset_password"
                 *     }
                 */
                "application/json": components["schemas"]["AdminSendMailRequest"];
            };
        };
        responses: {
            /** @description The mail will be sent. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    adminSetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "new_password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["AdminSetPasswordRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400.PASSWORD_REJECTED"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminListSessions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sessions, active ones first; 1,000 at most. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminListSessionsResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            414: components["responses"]["E414"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminEndSessions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    adminEndSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
                session: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403.ROLE_PROTECTED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    changeEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "new_email": "ada.lovelace@example.com",
                 *       "current_password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["ChangeEmailRequest"];
            };
        };
        responses: {
            /** @description Accepted: the same whether there is anything to send or not. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangeEmailResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.INVALID_CREDENTIALS.STEP_UP_REQUIRED"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    resendVerification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com"
                 *     }
                 */
                "application/json": components["schemas"]["ResendVerificationRequest"];
            };
        };
        responses: {
            /** @description Accepted: the same whether there is anything to send or not. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResendVerificationResponse"];
                };
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    verifyEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "3q2-7wB5c2VjcmV0IHRoYXQgbm9ib2R5IGd1ZXNzZXM",
                 *       "password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["VerifyEmailRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400.EMAIL_TOKEN_INVALID"];
            401: components["responses"]["E401.INVALID_CREDENTIALS"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    confirmEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "3q2-7wB5c2VjcmV0IHRoYXQgbm9ib2R5IGd1ZXNzZXM"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmEmailChangeRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400.EMAIL_TOKEN_INVALID"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    undoEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UndoEmailChangeRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400.PASSWORD_REJECTED.EMAIL_TOKEN_INVALID"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    rejectEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "3q2-7wB5c2VjcmV0IHRoYXQgbm9ib2R5IGd1ZXNzZXM"
                 *     }
                 */
                "application/json": components["schemas"]["RejectEmailRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400.EMAIL_TOKEN_INVALID"];
            408: components["responses"]["E408"];
            409: components["responses"]["E409.LAST_ADMIN"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveResponse"];
                };
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["OVERLOADED"];
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadyResponse"];
                };
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    secondStep: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SecondStepRequest"];
            };
        };
        responses: {
            /** @description The tokens (RFC 6749 §5.1). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["MFA_TOKEN_INVALID.MFA_CODE_INVALID"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    passkeyLogin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "credential": {
                 *         "id": "ueG0V3CqZgNN1cY2rCW7Eg",
                 *         "rawId": "ueG0V3CqZgNN1cY2rCW7Eg",
                 *         "type": "public-key",
                 *         "response": {
                 *           "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoi…",
                 *           "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAQ",
                 *           "signature": "MEUCIQDv…",
                 *           "userHandle": "AZijwn8AcACAAAAAAAAAAA"
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["PasskeyLoginRequest"];
            };
        };
        responses: {
            /** @description The tokens (RFC 6749 §5.1). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["PASSKEY_UNKNOWN.PASSKEY_INVALID"];
            403: components["responses"]["EMAIL_UNVERIFIED"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    passkeyLoginOptions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyLoginOptionsResponse"];
                };
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    exportAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportAccountResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    listIdentities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The accounts at other providers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListIdentitiesResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401"];
            408: components["responses"]["E408"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    unlinkIdentity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            409: components["responses"]["LAST_CREDENTIAL"];
            413: components["responses"]["E413"];
            414: components["responses"]["E414"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    makeRecoveryCodes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The recovery codes; those before are void. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    addTotp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The secret, which waits for its first code. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTotp"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    removeTotp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            404: components["responses"]["E404"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    confirmTotp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmTotpRequest"];
            };
        };
        responses: {
            /** @description The recovery codes; those before are void. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.MFA_CODE_INVALID.STEP_UP_REQUIRED"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    passkeyOptions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasskeyOptionsResponse"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.STEP_UP_REQUIRED"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery staple",
                 *       "new_password": "an even better horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["ChangePasswordRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400.PASSWORD_REJECTED"];
            401: components["responses"]["E401.INVALID_CREDENTIALS.STEP_UP_REQUIRED"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    forgotPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com"
                 *     }
                 */
                "application/json": components["schemas"]["ForgotPasswordRequest"];
            };
        };
        responses: {
            /** @description Accepted: the same whether there is anything to send or not. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ForgotPasswordResponse"];
                };
            };
            400: components["responses"]["E400"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetPasswordRequest"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["E400.PASSWORD_REJECTED.EMAIL_TOKEN_INVALID"];
            408: components["responses"]["E408"];
            409: components["responses"]["LAST_CREDENTIAL"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503.MAIL_UNAVAILABLE"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "AZijwn8AcACAAAAAAAAAAQ.cRwiRI5yHlSR2CRbSUJaqA.qILwrISLC2tMp7Qr-h0mav0N3rqSBK5XqYSmk3bVmBY"
                 *     }
                 */
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description The tokens (RFC 6749 §5.1). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["REFRESH_TOKEN_INVALID"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
    stepUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StepUpRequest"];
            };
        };
        responses: {
            /** @description The tokens (RFC 6749 §5.1). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            400: components["responses"]["E400"];
            401: components["responses"]["E401.INVALID_CREDENTIALS.MFA_CODE_INVALID"];
            403: components["responses"]["E403"];
            408: components["responses"]["E408"];
            413: components["responses"]["E413"];
            415: components["responses"]["E415"];
            417: components["responses"]["E417"];
            429: components["responses"]["E429"];
            431: components["responses"]["E431"];
            500: components["responses"]["E500"];
            503: components["responses"]["E503"];
        };
    };
}

/**
 * Reads and sends mail as the user who called, with npm's `imapflow` and `nodemailer`: the mail
 * server sees the user, and there is no password. TLS encrypts.
 */
import { ConnectionsPerIdentity, imapTransport, smtpAuthentication } from '@s4u/sasl'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'

/** @param service the service principal name: `imap/mail.corp.test` */
export function openMailboxes({ host, port = 993, tls, service = `imap/${host}` }) {
  return new ConnectionsPerIdentity({
    service,
    open: async (as) => {
      const transport = imapTransport({ as, service })
      const client = new ImapFlow({ host, port, tls, transport, secure: true, logger: false })
      // A connection that breaks while nothing uses it is opened again when it is needed.
      client.on('error', (error) => console.warn(`the mailbox of ${as.principal}: ${error.message}`))
      await client.connect()
      return client
    },
    close: (client) => client.logout(),
    isOpen: (client) => client.usable,
  })
}

/**
 * In a handler: `using alice = req.identity.impersonate()`, then `subjectsOf(mailboxes, alice)`.
 * @param {import('@s4u/negotiate').Impersonation} caller
 */
export function subjectsOf(mailboxes, caller) {
  return mailboxes.use(caller, async (client) => {
    const lock = await client.getMailboxLock('INBOX')
    try {
      const found = client.mailbox.exists === 0 ? [] : await client.fetchAll('1:*', { envelope: true })
      return found.map(({ envelope }) => envelope.subject)
    } finally {
      lock.release()
    }
  })
}

/**
 * Sends one message as the caller, over a connection of its own.
 * @param {import('@s4u/negotiate').Impersonation} caller
 */
export function send(caller, { host, port = 587, tls, service = `smtp/${host}` }, message) {
  const signIn = smtpAuthentication({ as: caller, service })
  return createTransport({ host, port, tls, ...signIn }).sendMail(message)
}

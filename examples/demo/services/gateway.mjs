import { createGateway } from '@s4u/gateway'
import { REALM } from '../directory.mjs'

/**
 * Publishes intranet: outside a page that asks for name and password, inside Kerberos in the name
 * of the user. Nothing of intranet is changed for it. As a file, this is what `s4u gateway` takes.
 */
export function createFront({ keytab, kdc, to }) {
  return createGateway({
    kerberos: { principal: `svc-gateway@${REALM}`, negotiator: { keytab, kdc } },
    // Secure is the default, and TLS; only a demo speaks plain HTTP.
    session: { secure: false },
    listeners: { address: '127.0.0.1:0', plain: true },
    signIn: { form: { title: 'Intranet' } },
    sites: { hosts: '127.0.0.1', to, delegation: { service: 'HTTP/intranet.ad.test' } },
    operation: { alerts: 'off' },
  })
}

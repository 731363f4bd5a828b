import { formatPrincipal, printable } from '@s4u/krb5'
import type { Ticket } from '@s4u/krb5'

/** How many characters of a name are shown. Real names have at most a quarter of that. */
const MAX_SHOWN = 256

/**
 * Returns the service name on a ticket, for logs. The name is not sealed, and an attacker can write
 * it without having a ticket at all. Control characters, with which a line could pretend to be
 * several or rewrite a terminal, are shown as codes, and no name fills a log.
 */
export function clearTextName({ sname, realm }: Ticket): string {
  const text = formatPrincipal({ name: sname, realm })
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
  return printable(shown)
}

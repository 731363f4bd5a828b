import { formatPrincipal, printable } from '@s4u/krb5'
import type { Ticket } from '@s4u/krb5'

/** Characters of the name that are shown. Real ones have at most a quarter of it. */
const MAX_SHOWN = 256

/**
 * The name that stands on a ticket, for logs. Anybody can write there what they like without having
 * a ticket at all: control characters, with which a line could pretend to be several or rewrite a
 * terminal, are shown as their code, and no name fills a log.
 */
export function clearTextName({ sname, realm }: Ticket): string {
  const text = formatPrincipal({ name: sname, realm })
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
  return printable(shown)
}

import { ConfigurationError, requireGiven } from '@s4u/krb5'

/** What a text names an account by. */
export type AccountName =
  | { readonly by: 'sid'; readonly sid: string }
  | { readonly by: 'dn'; readonly dn: string }
  | { readonly by: 'spn'; readonly spn: string }
  /** `alice`, and `CORP\alice`, whose domain is there. */
  | { readonly by: 'account'; readonly account: string; readonly domain: string | undefined }
  /** `alice@corp.example`, which is a user principal name or a principal. */
  | { readonly by: 'upn'; readonly upn: string; readonly local: string; readonly suffix: string }

/** Names are of 256 characters at most, distinguished names longer. */
const MAX_NAME = 4_096

/** @throws ConfigurationError for what is no text, empty, or far too long */
export function parseAccountName(text: string): AccountName {
  requireGiven(
    'account: the name',
    text,
    'text',
    "Write 'alice', 'CORP\\\\alice', 'alice@corp.test', a SID or a service principal name.",
  )
  if (text.trim() === '' || text.length > MAX_NAME || /[\0\r\n]/.test(text)) {
    throw new ConfigurationError('account: the name is empty, too long, or of several lines', {
      hint: "Write 'alice', 'CORP\\alice', 'alice@corp.test', a SID or a service principal name.",
    })
  }
  if (/^S-1-[\d-]+$/i.test(text)) return { by: 'sid', sid: text.toUpperCase() }
  if (/^(?:CN|OU|UID|krbPrincipalName)=.*,/i.test(text)) return { by: 'dn', dn: text }
  if (/^[^\\@/]+\/[^\\]+$/.test(text)) return { by: 'spn', spn: text }
  const qualified = /^([^\\]+)\\([^\\]+)$/.exec(text)
  if (qualified !== null) return { by: 'account', domain: qualified[1], account: qualified[2] }
  const at = text.lastIndexOf('@')
  if (at > 0 && at < text.length - 1) {
    return { by: 'upn', upn: text, local: text.slice(0, at), suffix: text.slice(at + 1) }
  }
  return { by: 'account', account: text, domain: undefined }
}

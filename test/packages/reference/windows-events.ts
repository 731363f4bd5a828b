/** What the security log of Windows calls the facts that records of s4u have. */

export interface WindowsField {
  /** The name in the XML of the event: `TargetUserName`. */
  readonly windows: string
  /** The fields of the record, of which a test says that they exist. */
  readonly ours: readonly string[]
  readonly note?: string
}

export interface WindowsEvent {
  readonly id: number
  readonly title: string
  /** The channel whose records stand beside it. */
  readonly channel: 's4u:kdc' | 's4u:accept'
  readonly fields: readonly WindowsField[]
}

/**
 * Source: "Audit Kerberos Authentication Service", "Audit Kerberos Service Ticket Operations" and
 * "Audit Logon" of Microsoft's documentation of the security log.
 */
export const WINDOWS_EVENTS: readonly WindowsEvent[] = [
  {
    id: 4768,
    title: 'a ticket-granting ticket was requested',
    channel: 's4u:kdc',
    fields: [
      { windows: 'TargetUserName', ours: ['accountName'], note: 'records with `step` `AS`' },
      { windows: 'TargetDomainName', ours: ['accountDomain'] },
      { windows: 'TargetSid', ours: ['accountSid'], note: 'in delegation steps' },
      { windows: 'ServiceName', ours: ['serviceName'], note: '`krbtgt` with its realm here, without it there' },
      { windows: 'TicketOptions', ours: ['ticketOptions'] },
      { windows: 'Status', ours: ['failureCode', 'code'], note: 'the number, and its name' },
      { windows: 'TicketEncryptionType', ours: ['ticketEncryptionType', 'encryptionType'] },
      { windows: 'PreAuthType', ours: [], note: 'the KDC chooses, and its own log has it' },
      { windows: 'IpAddress', ours: [], note: 'the address of this service; `clientAddress` is that of the user' },
    ],
  },
  {
    id: 4769,
    title: 'a service ticket was requested',
    channel: 's4u:kdc',
    fields: [
      {
        windows: 'TargetUserName',
        ours: ['accountName', 'accountDomain'],
        note: 'who asked: with `step` `S4U2Proxy` and `S4U2Self` the service, for `user`',
      },
      { windows: 'TargetDomainName', ours: ['accountDomain'] },
      { windows: 'ServiceName', ours: ['serviceName'], note: 'the SPN here, the account that has it there' },
      { windows: 'ServiceSid', ours: ['accountSid'], note: 'of a ticket to the service itself (`S4U2Self`)' },
      { windows: 'TicketOptions', ours: ['ticketOptions'] },
      { windows: 'TicketEncryptionType', ours: ['ticketEncryptionType', 'encryptionType'] },
      { windows: 'Status', ours: ['failureCode', 'code'], note: 'the number, and its name' },
      { windows: 'TransmittedServices', ours: ['transitedServices'] },
      { windows: 'IpAddress', ours: [], note: 'the address of this service; `clientAddress` is that of the user' },
      { windows: 'LogonGuid', ours: [] },
    ],
  },
  {
    id: 4624,
    title: 'an account was successfully logged on (4625 where it failed)',
    channel: 's4u:accept',
    fields: [
      { windows: 'TargetUserName', ours: ['client'], note: 'before the `@`; `outcome` is `accepted`' },
      { windows: 'TargetDomainName', ours: ['client'], note: 'behind the `@`' },
      { windows: 'TargetUserSid', ours: ['clientSid'] },
      { windows: 'SubjectUserSid', ours: ['serviceSid'], note: 'the account of this service' },
      { windows: 'SubjectUserName', ours: ['service'] },
      { windows: 'LogonType', ours: ['source'], note: 'always 3 (network); `source` where somebody typed a password' },
      { windows: 'AuthenticationPackageName', ours: ['mechanism', 'framing'] },
      { windows: 'ImpersonationLevel', ours: ['impersonationLevel'] },
      { windows: 'TransmittedServices', ours: ['delegatedBy'] },
      { windows: 'KeyLength', ours: ['sessionEncryptionType'], note: 'the type, from which the length follows' },
      { windows: 'IpAddress', ours: ['clientAddress'] },
      { windows: 'Status', ours: ['code', 'message'], note: '4625 alone; `outcome` is `refused`' },
      { windows: 'LogonGuid', ours: [] },
    ],
  },
]

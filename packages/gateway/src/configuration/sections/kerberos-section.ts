import { code, duration, file, flag, group, list, number, text } from '../options/option-kinds.js'

/** As whom the gateway accepts tickets, and asks for those of its users. */
export const KERBEROS = group({
  about: 'As whom the gateway accepts tickets, and asks the KDC for tickets of its users',
  always: true,
  fields: {
    keytab: file({ about: 'The keytab of the gateway; without it KRB5_KTNAME', example: '/etc/s4u/gateway.keytab' }),
    service: list({
      about: 'The service principal names that callers may have a ticket for; without it all HTTP/… of the keytab',
      of: text({ about: 'A service principal name', example: 'HTTP/portal.example.com' }),
    }),
    principal: text({
      about:
        'The account of the keytab that speaks to the KDC: needed in Active Directory, where an SPN cannot sign in',
      example: 'svc-gateway',
    }),
    protocolTransition: flag({
      about: 'Whether the gateway vouches for users who came without Kerberos and without a password (S4U2Self)',
      default: false,
    }),
    targets: list({
      about: 'The services that the gateway may call in the name of users; without it those that sites name',
      of: text({ about: 'A service principal name', example: 'HTTP/orders.ad.test' }),
    }),
    realm: text({ about: 'The realm of the gateway; without it that of the keytab', example: 'AD.TEST' }),
    kdc: list({
      about: 'The KDCs to ask; without it those of krb5.conf, then those in DNS',
      of: text({ about: 'A host, with or without a port', example: 'dc1.ad.test' }),
    }),
    krb5Config: file({ about: 'The krb5.conf to read; without it KRB5_CONFIG, then /etc/krb5.conf' }),
    clockSkew: duration({ about: 'How far the clocks of callers may be off; without it that of krb5.conf' }),
    directory: flag({
      about:
        'Whether groups, profiles and altSecurityIdentities are looked up in the directory of the realm; rules by group name need it',
      default: false,
    }),
    controllers: list({
      about: 'The controllers whose directory is asked; without it those in DNS',
      of: group({
        about: 'A controller',
        fields: {
          host: text({ about: 'Its full name', required: true, example: 'dc1.ad.test' }),
          address: text({ about: 'Its address, where no DNS knows the name', example: '10.0.0.5' }),
          port: number({ about: 'The port of LDAP, where it is another than 389', least: 1, most: 65_535 }),
        },
      }),
    }),
    negotiator: code({ about: 'More options of createNegotiator of @s4u/negotiate' }),
  },
})

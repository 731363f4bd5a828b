import { formatName, formatPrincipal, hasFlag, TicketFlag } from '@s4u/krb5'
import { beforeAll, expect, test } from 'vitest'
import { beside, describeClients } from './test-kdc.site.js'
import { openToken } from './test-kdc.token.js'

const jdk = { programs: ['java', 'javac'], packages: ['openjdk-17-jdk-headless'] }

/** Java's JGSS against the embedded realm. */
await describeClients('Java', jdk, ({ ad, partner, directory, shell, attempt }) => {
  beforeAll(() => shell(`javac -d ${directory} ${beside('java/Impersonate.java')}`))

  const exports = '--add-exports java.security.jgss/com.sun.security.jgss=ALL-UNNAMED'
  const java = (service: string, user: string, target: string) =>
    `java -cp ${directory} -Djava.security.krb5.conf=${directory}/krb5.conf ${exports} ` +
    `Impersonate ${directory}/${service}.keytab ${service}@AD.TEST ${user} ${target}`
  const tokenOf = async (command: string) => new Uint8Array(Buffer.from((await shell(command)).trim(), 'base64'))

  test('signs a service in and reaches another', async () => {
    const { encTicketPart } = openToken(ad, 'api', await tokenOf(java('web', '-', 'HTTP@api.ad.test')))
    expect(formatName(encTicketPart.cname)).toBe('web')
  })

  test('impersonates a user: protocol transition and constrained delegation', async () => {
    const { encTicketPart, pac } = openToken(ad, 'api', await tokenOf(java('web', 'alice', 'HTTP@api.ad.test')))
    expect(formatPrincipal({ name: encTicketPart.cname, realm: encTicketPart.crealm })).toBe('alice@AD.TEST')
    expect(hasFlag(encTicketPart.flags, TicketFlag.FORWARDABLE)).toBe(true)
    expect(pac.sids()).toEqual(expect.arrayContaining([ad.sidOf('Sales'), 'S-1-18-2']))
    expect(pac.delegationInfo?.transitedServices).toEqual(['web@AD.TEST'])
  })

  test('impersonates a user where the target allows it', async () => {
    const { encTicketPart } = openToken(ad, 'data', await tokenOf(java('plain', 'alice', 'HTTP@data.ad.test')))
    expect(formatName(encTicketPart.cname)).toBe('alice')
    expect(ad.exchanges.at(-1)).toMatchObject({ kind: 'S4U2Proxy', delegation: 'resource-based' })
  })

  test('impersonates a user at a service of the trusted realm that allows it', async () => {
    const { encTicketPart } = openToken(
      partner,
      'shop',
      await tokenOf(java('plain', 'alice', 'HTTP@shop.partner.test')),
    )
    expect(formatPrincipal({ name: encTicketPart.cname, realm: encTicketPart.crealm })).toBe('alice@AD.TEST')
  })

  test('is refused where nothing allows it', async () => {
    const { status, stderr } = await attempt(java('web', 'alice', 'HTTP@data.ad.test'))
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/KDC has no support|cannot accommodate|\(13\)/)
  })
})

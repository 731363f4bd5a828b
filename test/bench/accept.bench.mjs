/**
 * What one sign-on costs an acceptor: CPU microseconds, of all threads of the process, for a fresh
 * SPNEGO AP-REQ with mutual authentication and replay detection. With a ticket seen before, and
 * with every ticket new; the PAC has about 1 kB.
 *
 * The floor is made of the calls of `node:crypto` that no acceptor on Node can do without, with
 * objects kept where ours are kept. In the rows `…-against-mit` it is MIT's C library, which takes
 * turns with ours, with its replay cache: every token is another one.
 */
import { spawn } from 'node:child_process'
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, randomFillSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createAcceptor, MemoryReplayStore } from '@s4u/acceptor'
import { createInitiator } from '@s4u/gssapi'
import {
  AdType,
  AuthorizationData,
  encode,
  encodePac,
  EncTicketPart,
  FILETIME_NEVER,
  filetimeOfMilliseconds,
  Key,
  kerberosFlags,
  Keytab,
  KeyUsage,
  parsePrincipal,
  sealEncryptedData,
  TicketFlag,
} from '@s4u/krb5'

/**
 * Tokens of a round. Each round has an acceptor of its own, so that it can take the same tokens as
 * the one before.
 */
const TOKENS = 400
const WARM_UP_ROUNDS = 25
const ROUNDS = 25
/**
 * MIT's replay cache is kept from round to round, so that each of its rounds needs tokens of its
 * own.
 */
const MIT_EVERY = 3

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const NOW = Date.now()
const HOUR = 3_600_000
const CLIENT = parsePrincipal('alice@AD.TEST')
const SERVICE = parsePrincipal('HTTP/web.ad.test@AD.TEST')

const TYPES = [
  { name: 'sha1', etype: 18, hash: 'sha1', macLength: 32 },
  { name: 'sha384', etype: 20, hash: 'sha384', macLength: 24 },
]

export default async function bench(_measure, add) {
  for (const type of TYPES) {
    for (const withPac of [false, true]) {
      for (const newTickets of [false, true]) {
        const name = `accept-${type.name}${withPac ? '-pac' : ''}${newTickets ? '-new-ticket' : ''}`
        const { value, floor, mit } = await benchAccept(type, withPac, newTickets)
        add({ name, value, unit: 'µs CPU', floor, ratio: value / floor })
        if (mit !== undefined)
          add({ name: `${name}-against-mit`, value, unit: 'µs CPU', floor: mit, ratio: value / mit })
      }
    }
  }
}

async function benchAccept(type, withPac, newTickets) {
  const serviceKey = Key.random(type.etype)
  const issue = issuer(serviceKey, withPac)
  const known = issue()
  const token = (ticket) => createInitiator({ ticket, now: NOW }).token
  const first = token(known)
  const tokens = Array.from({ length: TOKENS }, () => token(newTickets ? issue() : known))
  const keytab = new Keytab([{ principal: SERVICE, kvno: 1, key: serviceKey, timestamp: NOW }])
  const bare = bareCrypto(type, withPac, newTickets)

  const mit = mitAcceptor(keytab)
  const values = []
  const floors = []
  const theirs = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    // Each round shows the same tokens: with a memory of its own, where a process has one by
    // default.
    const now = () => NOW
    const acceptor = createAcceptor({ keytab, now, replayCache: new MemoryReplayStore({ now }) })
    await requireAccepted(acceptor, [first])
    const value = await cpuPerCall(() => requireAccepted(acceptor, tokens))
    const floor = await cpuPerCall(() => tokens.forEach(bare))
    acceptor.close()
    if (round < 0) continue
    values.push(value)
    floors.push(floor)
    if (mit && round % MIT_EVERY === 0)
      theirs.push(await mit.cpuPerToken(tokens.map(() => token(newTickets ? issue() : known))))
  }
  mit?.stop()
  return { value: median(values), floor: median(floors), mit: median(theirs) }
}

/** MIT's acceptor, in a process of its own; undefined where python3-gssapi is not installed. */
function mitAcceptor(keytab) {
  if (!existsSync('/usr/lib/python3/dist-packages/gssapi')) return undefined
  const folder = mkdtempSync(join(tmpdir(), 's4u-bench-'))
  const [KRB5_KTNAME, KRB5_CONFIG] = ['keytab', 'krb5.conf'].map((name) => join(folder, name))
  writeFileSync(KRB5_KTNAME, keytab.encode())
  writeFileSync(
    KRB5_CONFIG,
    '[libdefaults]\ndefault_realm = AD.TEST\ndns_lookup_kdc = false\ndns_canonicalize_hostname = false\n',
  )
  const child = spawn('/usr/bin/python3', [fileURLToPath(new URL('mit-acceptor.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, KRB5_KTNAME, KRB5_CONFIG, KRB5RCACHEDIR: folder },
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async cpuPerToken(tokens) {
      child.stdin.write(`${JSON.stringify(tokens.map((token) => Buffer.from(token).toString('base64')))}\n`)
      const { done, value } = await answers.next()
      if (done) throw new Error("MIT's acceptor ended")
      return Number(value)
    },
    stop() {
      child.kill('SIGTERM')
      rmSync(folder, { recursive: true })
    },
  }
}

async function requireAccepted(acceptor, tokens) {
  for (const token of tokens) {
    const outcome = await acceptor.accept(token)
    if (outcome.status !== 'accepted' || outcome.reply === undefined)
      throw new Error('not accepted', { cause: outcome })
  }
}

/** What a round leaves behind is cleared away at its own expense, and at nobody else's. */
async function cpuPerCall(round) {
  collectGarbage({ type: 'minor' })
  const before = process.cpuUsage()
  await round()
  collectGarbage({ type: 'minor' })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / TOKENS
}

function median(values) {
  return values.toSorted((left, right) => left - right)[values.length >> 1]
}

/**
 * A KDC that issues tickets of alice's; all of them carry the same PAC, which does not depend on
 * the session key.
 */
function issuer(serviceKey, withPac) {
  const authtime = NOW - HOUR
  const flags = kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.PRE_AUTHENT)
  const authorizationData = withPac ? pacData(serviceKey, authtime) : undefined
  const endtime = NOW + 9 * HOUR
  return () => {
    const sessionKey = Key.random(serviceKey.etype)
    const part = encode(EncTicketPart, {
      flags,
      key: sessionKey,
      crealm: CLIENT.realm,
      cname: CLIENT.name,
      transited: { trType: 1, contents: new Uint8Array(0) },
      authtime,
      starttime: authtime,
      endtime,
      authorizationData,
    })
    const encPart = sealEncryptedData(part, serviceKey, KeyUsage.TICKET, undefined, 1)
    const ticket = { realm: SERVICE.realm, sname: SERVICE.name, encPart }
    return { client: CLIENT, service: SERVICE, ticket, sessionKey, flags, expiresAt: endtime }
  }
}

function pacData(serviceKey, authtime) {
  const pac = encodePac(
    {
      logonInfo,
      clientInfo: { clientId: filetimeOfMilliseconds(authtime), name: 'alice' },
      upnDnsInfo: { upn: 'alice@ad.test', dnsDomainName: 'AD.TEST', flags: 0, extended: undefined },
    },
    { server: serviceKey, kdc: Key.random(18), encTicketPart: new Uint8Array(1) },
  )
  const inner = encode(AuthorizationData, [{ adType: AdType.WIN2K_PAC, adData: pac }])
  return [{ adType: AdType.IF_RELEVANT, adData: inner }]
}

const logonInfo = {
  logonTime: filetimeOfMilliseconds(NOW - HOUR),
  logoffTime: FILETIME_NEVER,
  kickOffTime: FILETIME_NEVER,
  passwordLastSet: 0n,
  passwordCanChange: 0n,
  passwordMustChange: FILETIME_NEVER,
  effectiveName: 'alice',
  fullName: 'Alice Liddell',
  logonScript: '',
  profilePath: '',
  homeDirectory: '',
  homeDirectoryDrive: '',
  logonCount: 17,
  badPasswordCount: 0,
  userId: 1104,
  primaryGroupId: 513,
  groupIds: Array.from({ length: 30 }, (_, index) => ({ relativeId: 1110 + index, attributes: 7 })),
  userFlags: 0x20,
  logonServer: 'DC1',
  logonDomainName: 'AD',
  logonDomainId: 'S-1-5-21-3623811015-3361044348-30300820',
  userAccountControl: 0x10,
  subAuthStatus: 0,
  lastSuccessfulInteractiveLogon: 0n,
  lastFailedInteractiveLogon: 0n,
  failedInteractiveLogonCount: 0,
  extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
  resourceGroupDomainSid: undefined,
  resourceGroups: [],
}

/** Octets of what is decrypted, encrypted and signed, rounded to blocks. */
const AUTHENTICATOR = 208
const REPLY = 96
const TICKET = 208
const PAC = 1024

function bareCrypto({ hash, macLength }, withPac, newTickets) {
  const [key, macKey, iv] = [randomBytes(32), randomBytes(macLength), new Uint8Array(16)]
  const decipher = () => createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
  const cipher = () => createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
  const mac = (octets) => createHmac(hash, macKey).update(octets).digest()
  const [authenticator, reply, block] = [randomBytes(AUTHENTICATOR), randomBytes(REPLY), randomBytes(16)]
  const [ticket, pac] = [randomBytes(TICKET + (withPac ? PAC : 0)), randomBytes(PAC)]
  const kept = { opening: decipher(), sealing: cipher(), ticket: decipher() }
  const open = (opening, octets) => [opening.update(octets), opening.update(block), mac(octets)]
  const derive = () => {
    // Two keys for each direction: by AES under one object for SHA-1, by HMAC for SHA-2.
    if (hash !== 'sha1') return [mac(block), mac(block), mac(block), mac(block)]
    const base = cipher()
    return [base.update(reply), base.update(reply), base.update(reply), base.update(reply)]
  }
  return () => {
    let { opening, sealing } = kept
    if (newTickets) {
      open(kept.ticket, ticket)
      if (withPac) mac(pac)
      derive()
      opening = decipher()
      sealing = cipher()
    }
    open(opening, authenticator)
    createHash('sha256').update(authenticator).digest()
    // Sequence number, subkey and confounder, in one go.
    randomFillSync(new Uint8Array(52))
    return [sealing.update(reply), mac(reply)]
  }
}

import { createKdcClient } from '@s4u/kdc-client'
import { createTestRealm } from '@s4u/test-kdc'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 's4u-trace-'))
const PASSWORD = 'wonderland'

afterEach(() => {
  delete process.env.KRB5_TRACE
  rmSync(folder, { recursive: true })
})

test('KRB5_TRACE names the file that exchanges are written to, in MIT’s words and form, for its owner alone', async () => {
  await using realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD } },
    services: { web: { spns: ['HTTP/web.ad.test'] } },
  })
  const { port } = await realm.listen()
  const path = (process.env.KRB5_TRACE = join(folder, 'trace.log'))
  const credentials = { principal: 'alice@AD.TEST', password: PASSWORD }
  const client = createKdcClient({ kdc: `127.0.0.1:${port}`, credentials })
  await client.ticketFor('HTTP/web.ad.test')
  await client.ticketFor('HTTP/nobody.ad.test').catch(() => {})
  const text = readFileSync(path, 'utf8')
  const lines = text.trimEnd().split('\n')
  for (const line of lines) expect(line).toMatch(new RegExp(`^\\[${process.pid}\\] \\d{10}\\.\\d{6}: \\S`))
  expect(
    lines.map((line) =>
      line
        .replace(/^.*?: /, '')
        .replaceAll(String(port), 'PORT')
        .replace(/\d+ bytes/, 'N bytes'),
    ),
  ).toEqual([
    'Getting credentials alice@AD.TEST -> HTTP/web.ad.test',
    'Getting initial credentials for alice@AD.TEST',
    'Sending request (N bytes) to AD.TEST',
    'Sending TCP request to stream 127.0.0.1:PORT',
    'Received answer (N bytes) from stream 127.0.0.1:PORT',
    'Received error from KDC: -1765328359/KDC_ERR_PREAUTH_REQUIRED',
    expect.stringMatching(/^Processing preauth types: .*PA-ETYPE-INFO2 \(19\)/),
    'Selected etype info: etype aes256-cts-hmac-sha1-96, salt "AD.TESTalice"',
    'Sending request (N bytes) to AD.TEST',
    'Sending TCP request to stream 127.0.0.1:PORT',
    'Received answer (N bytes) from stream 127.0.0.1:PORT',
    'Received reply (N bytes) from AD.TEST',
    'Decrypted AS reply; session key is: aes256-cts-hmac-sha1-96',
    'Sending request (N bytes) to AD.TEST',
    expect.stringMatching(/^Sending (initial UDP request to dgram|TCP request to stream) 127\.0\.0\.1:PORT$/),
    expect.stringMatching(/^Received answer \(N bytes\) from (dgram|stream) 127\.0\.0\.1:PORT$/),
    'Received reply (N bytes) from AD.TEST',
    'Received creds for desired service HTTP/web.ad.test',
    'Getting credentials alice@AD.TEST -> HTTP/nobody.ad.test',
    expect.stringMatching(/^Sending request/),
    ...Array<unknown>(lines.length - 22).fill(expect.any(String)),
    'Received error from KDC: -1765328377/KDC_ERR_S_PRINCIPAL_UNKNOWN',
    expect.stringMatching(/^No credentials for HTTP\/nobody\.ad\.test: KDC_ERR_S_PRINCIPAL_UNKNOWN: /),
  ])
  expect(text).not.toContain(PASSWORD)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

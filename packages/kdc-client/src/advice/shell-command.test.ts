import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { NO_COMMAND, powershell, sh } from './shell-command.js'

describe('a name in a command', () => {
  test.each(['alice', 'svc-web', 'WEB01$', 'HTTP/web.ad.test:8080@AD.TEST'])('%s stands as it is', (name) => {
    expect(powershell`Enable-ADAccount ${name}`).toBe(`Enable-ADAccount ${name}`)
    expect(sh`samba-tool user enable ${name}`).toBe(`samba-tool user enable ${name}`)
  })

  test('an account is found by its user principal name, which is no -Identity', () => {
    const upn = 'bob.builder@corp.example'
    const found = `-Filter {UserPrincipalName -eq '${upn}'}`
    expect(powershell`Get-ADUser ${upn} -Properties *`).toBe(`Get-ADUser ${found} -Properties *`)
    expect(powershell`Enable-ADAccount ${upn}, Unlock-ADAccount ${upn}`).toBe(
      `Enable-ADAccount (Get-ADUser ${found}), Unlock-ADAccount (Get-ADUser ${found})`,
    )
    expect(powershell`setspn -L ${upn}`).toBe(`setspn -L ${upn}`)
    expect(powershell`Get-ADUser ${"bob'@corp.example"}`).toBe(
      "Get-ADUser -Filter {UserPrincipalName -eq 'bob''@corp.example'}",
    )
    expect(powershell`Get-ADUser ${'bob; calc@corp.example'}`).toBe(NO_COMMAND)
  })

  test.each([
    ["o'brien", "'o''brien'", "'o'\\''brien'"],
    ['Zoë Müller', "'Zoë Müller'", "'Zoë Müller'"],
    ['a$b', "'a$b'", "'a$b'"],
  ])('%s is quoted', (name, inPowershell, inSh) => {
    expect(powershell`Enable-ADAccount ${name}`).toBe(`Enable-ADAccount ${inPowershell}`)
    expect(sh`samba-tool user enable ${name}`).toBe(`samba-tool user enable ${inSh}`)
  })

  test.each(['alice', "o'brien", 'Zoë Müller', 'a$HOME'])('is one word for a shell: %s', (name) => {
    const script = sh`printf '<%s>' ${name}`
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`<${name}>`)
  })

  test('is quoted where the command wants it', () => {
    expect(powershell`-Filter {sAMAccountName -eq ${{ quoted: 'alice' }}}`).toBe("-Filter {sAMAccountName -eq 'alice'}")
  })

  test.each([
    "x'; calc\nFORGED",
    'x; calc',
    '$(calc)',
    '`calc`',
    'a"b',
    'a’; calc; ’',
    'a&calc',
    '%PATH%',
    'a|b',
    'x)(objectClass=*',
    '-delete',
    '\\alice',
    'a\tb',
    '\u202egnp',
    '',
  ])('%j is left out', (name) => {
    expect(powershell`Enable-ADAccount ${name}`).toBe(NO_COMMAND)
    expect(sh`samba-tool user enable ${name} now`).toBe(NO_COMMAND)
    expect(powershell`-eq ${{ quoted: name }}`).toBe(NO_COMMAND)
  })
})

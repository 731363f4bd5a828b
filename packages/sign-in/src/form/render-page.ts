import { escapeHtml as e } from './escape-html.js'
import { pageStyle } from './page-style.js'
import type { SignInPage } from './sign-in-page.js'

/**
 * Returns the HTML of a page. It works without script; each field has a label, what is wrong is
 * announced, tied to its field, and named in the title; the field to fill in has the focus.
 *
 * @example
 * ```ts
 * import { form, renderPage } from '@s4u/sign-in'
 *
 * // The page of the form, with a line of the company below it.
 * export const withNotice = form({
 *   template: (page) => renderPage(page).replace('</main>', '<p>For staff only.</p></main>'),
 * })
 * ```
 */
export function renderPage(page: SignInPage): string {
  const { language, theme, problem, texts } = page
  const title = titleOf(page)
  return `<!doctype html>
<html lang="${e(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${e([problem && `${texts.error}:`, title, theme.name && `– ${theme.name}`].filter(Boolean).join(' '))}</title>
<style>${pageStyle(theme)}</style>
</head>
<body>
<main>
${theme.logo === undefined ? '' : `<img class="logo" src="${e(theme.logo)}" alt="">\n`}${
    theme.name === undefined ? '' : `<p class="site">${e(theme.name)}</p>\n`
  }<h1>${e(title)}</h1>
${messagesOf(page)}<form method="post" action="${e(page.action)}">
${hiddenOf(page)}${FIELDS[page.step](page)}</form>
${linksOf(page)}</main>
</body>
</html>
`
}

function titleOf({ step, texts }: SignInPage): string {
  const { signIn, changePassword, signOut, signInWithCode } = texts
  const titles = { 'sign-in': signIn, 'change-password': changePassword, 'sign-out': signOut }
  return { ...titles, passcode: signInWithCode, challenge: signInWithCode }[step]
}

function messagesOf({ step, problem, message, notice, texts }: SignInPage): string {
  const said = [
    notice !== undefined && `<p class="notice" role="status">${e(notice)}</p>\n`,
    problem && `<p class="problem" role="alert" id="problem">${e(problem.text)}</p>\n`,
    message !== undefined && `<p class="message">${e(message)}</p>\n`,
    step === 'change-password' && `<p>${e(texts.expired)}</p>\n`,
    step === 'sign-out' && `<p>${e(texts.signOutQuestion)}</p>\n`,
  ]
  return said.filter(Boolean).join('')
}

function hiddenOf({ hidden }: SignInPage): string {
  return Object.entries(hidden)
    .map(([name, value]) => `<input type="hidden" name="${e(name)}" value="${e(value)}">\n`)
    .join('')
}

const FIELDS: Readonly<Record<SignInPage['step'], (page: SignInPage) => string>> = {
  'sign-in': (page) =>
    userField(page) +
    passwordField(page, 'password', page.texts.password) +
    computerField(page) +
    button(page.texts.submit),
  'change-password': (page) =>
    userField(page) +
    passwordField(page, 'password', page.texts.currentPassword) +
    passwordField(page, 'newPassword', page.texts.newPassword) +
    passwordField(page, 'repeatedPassword', page.texts.repeatedPassword) +
    button(page.texts.changeSubmit),
  'sign-out': ({ texts }) => button(texts.signOutSubmit),
  // The first code may be a PIN, or have one in front.
  passcode: (page) => userField(page) + codeFields(page, 'password') + computerField(page) + button(page.texts.submit),
  challenge: (page) => codeFields(page, 'text') + button(page.texts.submit),
}

type FieldName = NonNullable<NonNullable<SignInPage['problem']>['field']>

function userField(page: SignInPage): string {
  const about = `autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256"`
  return field(page, 'user', page.texts.userName, `type="text" ${about} value="${e(page.user)}"`)
}

function passwordField(page: SignInPage, name: FieldName, label: string): string {
  const kind = name === 'password' ? 'current-password' : 'new-password'
  return field(page, name, label, `type="password" autocomplete="${kind}"`)
}

function codeFields(page: SignInPage, type: 'password' | 'text'): string {
  const about = `type="${type}" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"`
  const password = page.asksPassword ? passwordField(page, 'password', page.texts.password) : ''
  return password + field(page, 'code', page.texts.code, about)
}

function field(page: SignInPage, name: FieldName, label: string, attributes: string): string {
  const wrong = page.problem?.field === name ? ' aria-invalid="true" aria-describedby="problem"' : ''
  const focus = focusOf(page) === name ? ' autofocus' : ''
  const input = `<input id="${name}" name="${name}" ${attributes} required${wrong}${focus}>`
  return `<div class="field"><label for="${name}">${e(label)}</label>\n${input}</div>\n`
}

/** The field that is wrong, else the first that is empty. */
function focusOf({ step, problem, user, asksPassword }: SignInPage): FieldName {
  if (problem?.field !== undefined) return problem.field
  const asksCode = step === 'passcode' || step === 'challenge'
  if (user === '' && step !== 'challenge') return 'user'
  return asksCode && !asksPassword ? 'code' : 'password'
}

function computerField({ asksComputer, computer, texts }: SignInPage): string {
  if (!asksComputer) return ''
  const choice = (value: SignInPage['computer'], text: string, hint: string): string =>
    `<label class="choice"><input type="radio" name="computer" value="${value}"${value === computer ? ' checked' : ''}>` +
    `<span>${e(text)}</span><small>${e(hint)}</small></label>\n`
  return (
    `<fieldset><legend>${e(texts.computer)}</legend>\n` +
    choice('public', texts.publicComputer, texts.publicComputerHint) +
    choice('private', texts.privateComputer, texts.privateComputerHint) +
    `</fieldset>\n`
  )
}

const button = (text: string): string => `<button type="submit">${e(text)}</button>\n`

function linksOf({ links, texts }: SignInPage): string {
  if (links.length === 0) return ''
  const items = links.map(({ href, text }) => `<li><a href="${e(href)}">${e(text)}</a></li>\n`).join('')
  return `<nav aria-labelledby="ways"><h2 id="ways">${e(texts.otherWays)}</h2>\n<ul>\n${items}</ul></nav>\n`
}

import type { CertifiedAnswer, CertifiedSite } from '../../fixtures/certified-site.js'

/** Opens a page with a form as a browser does, fills it in, and sends it. */
export async function submitForm(
  site: CertifiedSite,
  path: string,
  fields: Readonly<Record<string, string>>,
  { cookie = '', ...headers }: Readonly<Record<string, string>>,
): Promise<CertifiedAnswer> {
  const page = await site.visit(path, { headers: { ...NAVIGATION, cookie } })
  const hidden = [...page.body.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
  const sent = { ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])), ...fields }
  return site.visit(/<form method="post" action="([^"]+)">/.exec(page.body)?.[1] ?? 'no form', {
    method: 'POST',
    headers: {
      ...NAVIGATION,
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      cookie: [cookie, page.cookies].filter((one) => one !== '').join('; '),
      ...headers,
    },
    body: new URLSearchParams(sent).toString(),
  })
}

const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none', accept: 'text/html' }

import { UsageError } from '../usage-error.js'

/** @throws UsageError for what is no URL of a web server */
export function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new UsageError('the URL is none of http: or https:', 'Write it whole: https://web.corp.test/orders')
}

import { Agent, request } from 'undici'

const TIMEOUT_MS = 30_000
const agent = new Agent({ connect: { timeout: 2000 }, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })

/**
 * Sends one request. The outcome is `unknown` without an answer and for 5xx and 429: the server may have done it or not.
 * @returns { status, body } or { unknown: reason }
 */
export async function call (base, method, path, { json, token } = {}) {
  try {
    const response = await request(base + path, {
      method,
      dispatcher: agent,
      headers: { ...(json && { 'content-type': 'application/json' }), ...(token && { authorization: `Bearer ${token}` }) },
      ...(json && { body: JSON.stringify(json) })
    })
    const text = await response.body.text()
    const { statusCode } = response
    if (statusCode >= 500 || statusCode === 429) {
      return { unknown: `${statusCode}`, status: statusCode, retryAfter: response.headers['retry-after'] }
    }
    return { status: statusCode, body: text === '' ? null : JSON.parse(text) }
  } catch (error) {
    return { unknown: error.code ?? error.message, status: 0 }
  }
}

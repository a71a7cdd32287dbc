import { createPrivateKey, sign } from 'node:crypto'

type Header = { alg: 'ES256' | 'RS256', typ: string, kid: string }

/**
 * Compact JWS (RFC 7515 section 7.1; signatures of RFC 7518 sections 3.3 and 3.4) with one key. The header is encoded once, and the
 * signature is produced in its final format, since signing takes half the time of a token request.
 * @param pem PKCS #8
 */
export function createSigner (pem: string, header: Header): (claims: object) => string {
  const prefix = `${base64url(header)}.`
  const key = { key: createPrivateKey(pem), dsaEncoding: 'ieee-p1363' as const }
  return (claims) => {
    const input = prefix + base64url(claims)
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
  }
}

function base64url (value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

import { Type } from 'typebox'

/** RFC 8628 section 3.1 */
export const DeviceRequest = Type.Object({
  client_id: Type.Optional(Type.String({ examples: ['lk_client_5f0c…'] })),
  client_secret: Type.Optional(Type.String({ description: 'Or use HTTP Basic; a public client has no secret' })),
  scope: Type.Optional(Type.String({ examples: ['orders:read'] })),
  resource: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String())], { description: 'This server, or left out: a device gets tokens for no other server' })
  )
}, { additionalProperties: true, examples: [{ client_id: 'lk_client_5f0c…', scope: 'orders:read' }] })

/** RFC 8628 section 3.2 */
export const DeviceResponse = Type.Object({
  device_code: Type.String({ examples: ['lk_dc_Mn2xUT9…'] }),
  user_code: Type.String({ description: 'Code that the user enters', examples: ['WDJB-MJHT'] }),
  verification_uri: Type.String({ examples: ['https://id.example.com/device'] }),
  verification_uri_complete: Type.String({ description: 'The same with the code, for a QR code', examples: ['https://id.example.com/device?user_code=WDJB-MJHT'] }),
  expires_in: Type.Integer({ description: 'Lifetime in seconds', examples: [600] }),
  interval: Type.Integer({ description: 'Seconds between two polls', examples: [5] })
})

/** How an attribute is entered: the keyboard on a phone, and the browser's autofill. */
export type AttributeInput = { inputmode?: 'email' | 'tel' | undefined, autocomplete: string }

const KNOWN: Readonly<Record<string, AttributeInput>> = {
  email: { inputmode: 'email', autocomplete: 'email' },
  phone: { inputmode: 'tel', autocomplete: 'tel' },
  username: { autocomplete: 'username' }
}

export function attributeInput (attribute: string): AttributeInput {
  return (Object.hasOwn(KNOWN, attribute) ? KNOWN[attribute] : undefined) ?? { autocomplete: 'off' }
}

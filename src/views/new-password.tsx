import type { CharacterKind, PasswordRules } from '../passwords/policy.ts'
import { Field } from './form.tsx'
import { formatList } from './format.ts'
import type { FormErrors, Html, Page } from './page.ts'

type Props = {
  page: Page & { errors?: FormErrors | undefined }
  name: string
  label: string
  rules: PasswordRules
  autofocus?: boolean
}

/** A field in which a password is chosen. It says before the first try what the rules are, to people and to password managers. */
export function NewPassword ({ page: { texts, locale, errors }, name, label, rules, autofocus = false }: Props): Html {
  const { minLength } = rules
  // Uppercase and lowercase letters are letters
  const kinds = rules.kinds.filter((kind) => kind !== 'letters' || !rules.kinds.includes('mixedCase'))
  const told = formatList(kinds.map((kind) => texts.passwordKinds[kind]), locale)
  return (
    <Field
      name={name}
      label={label}
      hint={texts.register.passwordHint(minLength, told)}
      errors={errors}
      describedByForm={autofocus}
      input={{ type: 'password', autocomplete: 'new-password', passwordrules: passwordRules({ minLength, kinds }), required: true, autofocus }}
    />
  )
}

const REQUIRED: Record<CharacterKind, string> = {
  mixedCase: 'required: lower; required: upper;', letters: 'required: lower, upper;', symbols: 'required: special;', numbers: 'required: digit;'
}

/** For generated passwords, in the syntax of Apple's Password Rules. Without `allowed`, only required characters would be used. */
function passwordRules ({ minLength, kinds }: PasswordRules): string {
  const required = kinds.map((kind) => REQUIRED[kind])
  return [`minlength: ${minLength};`, ...required, ...(required.length > 0 ? ['allowed: ascii-printable;'] : [])].join(' ')
}

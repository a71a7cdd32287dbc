import { messagesFor, type FormErrors, type Html } from './page.ts'
import type { Texts } from './texts/index.ts'
import { attr } from './untrusted.ts'

/** Where the operator's documents are: other pages of this or another site. */
export type Terms = { url: string, privacyUrl?: string | undefined }

/** Name of the field, and of the member of an API request. */
export const TERMS_FIELD = 'terms_accepted'

type TermsProps = { terms: Terms, texts: Texts, errors: FormErrors | undefined, isChecked: boolean, autofocus: boolean }

/** One checkbox, whose label leads to the terms. They open beside the form, so that nothing that was typed is lost. */
export function AcceptTerms ({ terms, texts: { terms: t }, errors, isChecked, autofocus }: TermsProps): Html {
  const messages = messagesFor(errors, TERMS_FIELD)
  return (
    <div class='field'>
      {messages.length > 0 && <p class='wrong' id='field-terms_accepted-wrong' safe>{messages.join(' ')}</p>}
      <label class='check'>
        <input
          type='checkbox' id='field-terms_accepted' name={TERMS_FIELD} value='true' required checked={isChecked} autofocus={autofocus}
          aria-invalid={messages.length > 0 ? 'true' : undefined}
          aria-describedby={messages.length > 0 ? 'field-terms_accepted-wrong' : undefined}
        />
        <span><span safe>{t.before}</span><Outside href={terms.url} text={t.terms} /><span safe>{t.after}</span></span>
      </label>
      {terms.privacyUrl !== undefined && <p class='hint'><Outside href={terms.privacyUrl} text={t.privacy} /></p>}
    </div>
  )
}

/** The operator's own address, checked at the start. */
function Outside ({ href, text }: { href: string, text: string }): JSX.Element {
  return <a href={attr(href)} target='_blank' rel='noopener noreferrer' safe>{text}</a>
}

import { TERMS_ACCEPTED } from '../schemas/account.ts'
import { Form, Messages } from './form.tsx'
import { capitalise } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import { messagesFor, type FormErrors, type FormPage, type Html } from './page.ts'
import { AccountTitle, Links } from './parts.tsx'
import type { Texts } from './texts/index.ts'
import { attr } from './untrusted.ts'

/** Where the operator's documents are: other pages of this or another site. */
export type Terms = { url: string, privacyUrl?: string | undefined }

type TermsProps = { terms: Terms, texts: Texts, errors: FormErrors | undefined, isChecked: boolean, autofocus: boolean }

/** One checkbox, whose label leads to the terms. They open beside the form, so that nothing that was typed is lost. */
export function AcceptTerms ({ terms, texts: { terms: t }, errors, isChecked, autofocus }: TermsProps): Html {
  const messages = messagesFor(errors, TERMS_ACCEPTED)
  return (
    <div class='field terms'>
      {messages.length > 0 && <p class='wrong' id='field-terms_accepted-wrong' safe>{messages.join(' ')}</p>}
      <label class='check'>
        <input
          type='checkbox' id='field-terms_accepted' name={TERMS_ACCEPTED} value='true' required checked={isChecked} autofocus={autofocus}
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

/** Asks a user who is logged in to accept a new version. Posts `terms_accepted`. */
export type TermsModel = FormPage & { terms: Terms, account: { name: string }, links: { logout: string } }

export function termsPage (model: TermsModel): string {
  const { texts, errors, terms, account, links } = model
  const { terms: t } = texts
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <AccountTitle title={t.title} name={account.name} />
      <Messages page={model} labels={[[TERMS_ACCEPTED, capitalise(t.terms, model.locale)]]} />
      <p safe>{t.lead}</p>
      <Form {...model}>
        <AcceptTerms terms={terms} texts={texts} errors={errors} isChecked={false} autofocus />
        <button class='main' type='submit' safe>{t.submit}</button>
      </Form>
      <Links links={[{ href: links.logout, text: t.logout }]} />
    </Layout>
  )
}

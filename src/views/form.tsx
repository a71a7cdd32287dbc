import { messagesFor, type Csrf, type FormErrors, type FormPage, type Hidden, type Html, type InputAttributes } from './page.ts'
import type { Texts } from './texts/index.ts'
import { attr, localHref } from './untrusted.ts'

type FormProps = { action: string, csrf: Csrf, hidden?: Hidden | undefined, children?: Html.Children }

/** @throws TypeError when the form would be sent to another site */
export function Form ({ action, csrf, hidden = {}, children }: FormProps): Html {
  const target = localHref(action)
  if (target === undefined) throw new TypeError(`A form goes to a path on this server, not to ${JSON.stringify(action)}`)
  return (
    <form method='post' action={target}>
      <input type='hidden' name={attr(csrf.name)} value={attr(csrf.value)} />
      <HiddenFields hidden={hidden} />
      {children}
    </form>
  )
}

export function HiddenFields ({ hidden }: { hidden: Hidden }): Html {
  const fields = Object.entries(hidden).flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const))
  return <>{fields.map(([name, value]) => <input type='hidden' name={attr(name)} value={attr(value)} />)}</>
}

export type FieldProps = {
  name: string
  label: string
  /** After the label: that the field is optional. */
  note?: string | undefined
  hint?: string | undefined
  value?: string | undefined
  errors: FormErrors | undefined
  /** Errors of the form as a whole are announced with this field, which gets the focus. */
  describedByForm?: boolean | undefined
  input?: InputAttributes
}

/** A label, its input and its errors, linked for screen readers. */
export function Field ({ name, label, note, hint, value, errors, describedByForm = false, input = {} }: FieldProps): Html {
  const id = fieldId(name)
  const messages = messagesFor(errors, name)
  const isFormWrong = describedByForm && (errors?.form?.length ?? 0) > 0
  const described = [isFormWrong && FORM_WRONG, messages.length > 0 && `${id}-wrong`, hint !== undefined && `${id}-hint`].filter(Boolean)
    .join(' ')
  return (
    <div class='field'>
      <label for={id}><span safe>{label}</span>{note !== undefined && <span class='optional' safe>{` (${note})`}</span>}</label>
      {hint !== undefined && <p class='hint' id={`${id}-hint`} safe>{hint}</p>}
      {messages.length > 0 && <p class='wrong' id={`${id}-wrong`} safe>{messages.join(' ')}</p>}
      <input
        type='text' {...input} id={id} name={attr(name)} value={value ? attr(value) : undefined}
        aria-invalid={(isFormWrong && !errors?.isElsewhere) || messages.length > 0 ? 'true' : undefined} aria-describedby={described || undefined}
      />
    </div>
  )
}

/** All errors in one place, with links to the fields; or a success message. */
export function Messages (
  { page, labels }: { page: Pick<FormPage, 'errors' | 'notice' | 'texts'>, labels: readonly (readonly [name: string, label: string])[] }
): Html {
  const { errors, notice, texts } = page
  const form = errors?.form ?? []
  const wrong = labels.filter(([name]) => messagesFor(errors, name).length > 0)
  return (
    <>
      {notice !== undefined && <p class='box good' role='status' safe>{notice}</p>}
      {form.length > 0 && <div class='box bad' role='alert' id={FORM_WRONG}>{form.map((message) => <p safe>{message}</p>)}</div>}
      {wrong.length > 0 && <Summary texts={texts} errors={errors} wrong={wrong} />}
    </>
  )
}

function Summary (
  { texts, errors, wrong }: { texts: Texts, errors: FormErrors | undefined, wrong: readonly (readonly [name: string, label: string])[] }
): JSX.Element {
  return (
    <div class='box bad' role='alert'>
      <h2 safe>{texts.form.problem}</h2>
      <ul>
        {wrong.map(([name, label]) => <li><a href={`#${fieldId(name)}`} safe>{`${label}${texts.form.colon}${messagesFor(errors, name).join(' ')}`}</a></li>)}
      </ul>
    </div>
  )
}

/** What `describedByForm` refers to. */
const FORM_WRONG = 'form-wrong'

/**
 * The field to focus: the first with an error, otherwise the first empty one.
 * @param wanted those of `names` that the visitor has to fill in
 */
export function focusField (
  names: readonly string[],
  errors: FormErrors | undefined,
  values: Readonly<Record<string, string | undefined>>,
  wanted = names
): string | undefined {
  return names.find((name) => messagesFor(errors, name).length > 0) ?? wanted.find((name) => !values[name])
}

/** Ids contain no spaces, because `aria-describedby` is a list of them. */
function fieldId (name: string): string {
  return `field-${name.replace(/[^\w.-]/g, '_')}`
}

// Adds a source: a folder that is picked or typed, or a web address; what few need is folded away.
import { useState } from 'preact/hooks';
import { Dialog } from '../components/Dialog';
import { noticeFailure } from '../state/service';
import { problemOf } from './failures';
import { showToast } from '../state/ui';
import { searchApi, type NewSource, type SourceKind } from './api';
import { FolderPicker } from './FolderPicker';
import { refreshLibrary } from './state';
import { l, type SearchKey } from './texts';

const kHour_s = 3600;
const rhythms: [SearchKey, number][] = [
  ['syncNever', 0],
  ['syncHour', kHour_s],
  ['syncDay', 24 * kHour_s],
  ['syncWeek', 7 * 24 * kHour_s],
];
const kinds: SourceKind[] = ['files', 'site', 'feed', 'page'];
const hints: Record<SourceKind, SearchKey> = { files: 'folderHint', site: 'siteHint', feed: 'feedHint', page: 'pageHint' };
const kWebExample: Record<Exclude<SourceKind, 'files'>, string> = {
  site: 'https://example.org/docs/',
  feed: 'https://example.org/feed.xml',
  page: 'https://example.org/page',
};

interface Form {
  kind: SourceKind;
  folder: string;
  address: string;
  name: string;
  include: string;
  exclude: string;
  max_documents: string;
  max_depth: string;
  sync_every_seconds: number;
  allow_private_addresses: boolean;
}

const kFresh: Form = {
  kind: 'files',
  folder: '',
  address: '',
  name: '',
  include: '',
  exclude: '',
  max_documents: '',
  max_depth: '',
  sync_every_seconds: 0,
  allow_private_addresses: false,
};

const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean);
const locationOf = (form: Form) => (form.kind === 'files' ? form.folder : form.address).trim();

/** Only what was said: the service knows its own defaults. */
function sourceOf(form: Form): NewSource {
  const source: NewSource = { kind: form.kind, location: locationOf(form) };
  if (form.name.trim()) source.name = form.name.trim();
  if (lines(form.include).length) source.include = lines(form.include);
  if (lines(form.exclude).length) source.exclude = lines(form.exclude);
  if (form.max_documents) source.max_documents = Number(form.max_documents);
  if (form.max_depth && form.kind === 'site') source.max_depth = Number(form.max_depth);
  if (form.sync_every_seconds) source.sync_every_seconds = form.sync_every_seconds;
  if (form.allow_private_addresses && form.kind !== 'files') source.allow_private_addresses = true;
  return source;
}

interface PartProps {
  form: Form;
  change: (part: Partial<Form>) => void;
}

function Kinds({ form, change }: PartProps) {
  return (
    <fieldset class="choice">
      <legend>{l('whatToAdd')}</legend>
      <div class="segments">
        {kinds.map((kind) => (
          <label key={kind}>
            <input type="radio" name="kind" checked={form.kind === kind} onChange={() => change({ kind })} />
            <span>{l(`kind_${kind}`)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Place({ form, change }: PartProps) {
  if (form.kind === 'files') {
    return <FolderPicker path={form.folder} choose={(folder) => change({ folder })} hint={l(hints.files)} />;
  }
  return (
    <label class="field">
      <span>{l('address')}</span>
      <input
        type="url"
        required
        autoComplete="off"
        spellcheck={false}
        placeholder={kWebExample[form.kind]}
        value={form.address}
        onInput={(event) => change({ address: event.currentTarget.value })}
      />
      <small class="hint">{l(hints[form.kind])}</small>
    </label>
  );
}

function Advanced({ form, change }: PartProps) {
  const patterns = (key: 'include' | 'exclude') => (
    <label class="field">
      <span>{l(key)}</span>
      <textarea rows={2} spellcheck={false} value={form[key]} onInput={(event) => change({ [key]: event.currentTarget.value })} />
    </label>
  );
  const number = (key: 'max_documents' | 'max_depth', label: SearchKey, most: number, usual: number) => (
    <label class="field">
      <span>{l(label)}</span>
      <input
        type="number"
        inputMode="numeric"
        min={key === 'max_depth' ? 0 : 1}
        max={most}
        placeholder={String(usual)}
        value={form[key]}
        onInput={(event) => change({ [key]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <details class="advanced">
      <summary>{l('advanced')}</summary>
      <div class="fields">
        {form.kind !== 'page' && (
          <>
            <div class="two-fields">
              {patterns('include')}
              {patterns('exclude')}
            </div>
            <small class="hint">{l('patternHint')}</small>
            <div class="two-fields">
              {number('max_documents', 'maxDocuments', 10_000_000, 100_000)}
              {form.kind === 'site' && number('max_depth', 'maxDepth', 100, 16)}
            </div>
          </>
        )}
        <label class="field">
          <span>{l('syncEvery')}</span>
          <select value={form.sync_every_seconds} onChange={(event) => change({ sync_every_seconds: Number(event.currentTarget.value) })}>
            {rhythms.map(([key, seconds]) => (
              <option key={key} value={seconds}>
                {form.kind === 'files' && !seconds ? l('watched') : l(key)}
              </option>
            ))}
          </select>
        </label>
        {form.kind !== 'files' && (
          <label class="check-field">
            <input
              type="checkbox"
              checked={form.allow_private_addresses}
              onChange={(event) => change({ allow_private_addresses: event.currentTarget.checked })}
            />
            <span>
              {l('allowPrivate')}
              <small class="hint">{l('allowPrivateHint')}</small>
            </span>
          </label>
        )}
      </div>
    </details>
  );
}

export function AddDialog({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState(kFresh);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const change = (part: Partial<Form>) => {
    setForm((known) => ({ ...known, ...part }));
    setProblem('');
  };

  async function add(event: Event) {
    event.preventDefault();
    setBusy(true);
    try {
      const source = await searchApi.add(sourceOf(form));
      await refreshLibrary();
      onClose();
      showToast(l('added', { name: source.name }));
    } catch (error) {
      noticeFailure(error);
      setProblem(l('didNotWork', { message: problemOf(error) }));
      setBusy(false);
    }
  }

  return (
    <Dialog title={l('addSource')} onClose={onClose}>
      <form class="fields" onSubmit={(event) => void add(event)}>
        <Kinds form={form} change={change} />
        <Place form={form} change={change} />
        <label class="field">
          <span>
            {l('name')} <small class="hint">({l('optional')})</small>
          </span>
          <input type="text" autoComplete="off" maxLength={200} value={form.name} onInput={(event) => change({ name: event.currentTarget.value })} />
        </label>
        <Advanced form={form} change={change} />
        <p class="field-problem" role="alert">
          {problem}
        </p>
        <div class="buttons">
          <button type="button" class="button" onClick={onClose}>
            {l('cancel')}
          </button>
          <button type="submit" class="button primary" disabled={busy || !locationOf(form)}>
            {l('add')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

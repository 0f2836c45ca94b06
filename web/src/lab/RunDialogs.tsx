// What starts or ends work asks first: begin a run, stop one, resume one.
import { useState } from 'preact/hooks';
import { Dialog } from '../components/Dialog';
import { announce, showToast } from '../state/ui';
import { labApi, type NewRun } from './api';
import { messageOf, noticeFailure } from './service';
import { folder, refreshRuns, show } from './state';
import { l } from './texts';

export function ConfirmDialog({ name, action, onClose }: { name: string; action: 'stop' | 'resume'; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  async function confirm() {
    setBusy(true);
    try {
      await labApi[action](name);
      await refreshRuns();
      onClose();
      announce(l(action === 'stop' ? 'willStop' : 'began', { name }));
    } catch (error) {
      noticeFailure(error);
      setProblem(l('didNotWork', { message: messageOf(error) }));
      setBusy(false);
    }
  }
  return (
    <Dialog title={l(action === 'stop' ? 'stopTitle' : 'resumeTitle', { name })} onClose={onClose}>
      <p>{l(action === 'stop' ? 'stopNote' : 'resumeNote')}</p>
      <p class="field-problem" role="alert">
        {problem}
      </p>
      <div class="buttons">
        <button type="button" class="button" onClick={onClose}>
          {l('cancel')}
        </button>
        <button type="button" class="button primary" autoFocus disabled={busy} onClick={() => void confirm()}>
          {l(action)}
        </button>
      </div>
    </Dialog>
  );
}

export function BeginDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [dialled, setDialled] = useState(false);
  const [recipe, setRecipe] = useState('');
  const [depth, setDepth] = useState('4');
  const [texts, setTexts] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  async function begin(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    const data = texts.split('\n').map((line) => line.trim()).filter(Boolean);
    const run: NewRun = dialled ? { name: name.trim(), depth: Number(depth), data } : { name: name.trim(), recipe: recipe.trim() };
    try {
      await labApi.begin(run);
      await refreshRuns();
      onClose();
      show([run.name]);
      showToast(l('began', { name: run.name }));
    } catch (error) {
      noticeFailure(error);
      setProblem(l('didNotWork', { message: messageOf(error) }));
      setBusy(false);
    }
  }

  return (
    <Dialog title={l('newRun')} onClose={onClose}>
      <form class="fields" onSubmit={(event) => void begin(event)}>
        <label class="field">
          <span>{l('name')}</span>
          <input type="text" required autoFocus autoComplete="off" maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
          <small class="hint">{`${folder.value}/${name.trim()}`}</small>
        </label>
        <fieldset class="segments">
          <legend class="visually-hidden">{l('from')}</legend>
          {[false, true].map((value) => (
            <label key={String(value)}>
              <input type="radio" name="from" checked={dialled === value} onChange={() => setDialled(value)} />
              <span>{l(value ? 'fromDepth' : 'fromRecipe')}</span>
            </label>
          ))}
        </fieldset>
        {dialled ? (
          <>
            <label class="field">
              <span>{l('depth')}</span>
              <input type="number" required min={1} max={64} value={depth} onInput={(event) => setDepth(event.currentTarget.value)} />
              <small class="hint">{l('depthHint')}</small>
            </label>
            <label class="field">
              <span>{l('texts')}</span>
              <textarea required rows={3} spellcheck={false} value={texts} onInput={(event) => setTexts(event.currentTarget.value)} />
              <small class="hint">{l('textsHint')}</small>
            </label>
          </>
        ) : (
          <label class="field">
            <span>{l('recipePath')}</span>
            <input type="text" required spellcheck={false} autoComplete="off" value={recipe} onInput={(event) => setRecipe(event.currentTarget.value)} />
            <small class="hint">{l('recipeHint')}</small>
          </label>
        )}
        <p class="field-problem" role="alert">
          {problem}
        </p>
        <div class="buttons">
          <button type="button" class="button" onClick={onClose}>
            {l('cancel')}
          </button>
          <button type="submit" class="button primary" disabled={busy}>
            {l('begin')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

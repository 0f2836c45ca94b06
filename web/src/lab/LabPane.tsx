// The lab: the list of runs, and beside it (below, on a phone: instead of it) what is looked at.
import { useEffect, useState } from 'preact/hooks';
import { CopyButton } from '../components/CopyButton';
import { PlusIcon, SidebarIcon } from '../components/icons';
import { api } from '../api';
import { t } from '../i18n';
import { online } from '../state/service';
import { isNarrow, toggleSidebar } from '../state/ui';
import { BeginDialog } from './RunDialogs';
import { RunList } from './RunList';
import { RunView } from './RunView';
import { ApiError, connect, messageOf } from './service';
import { addressOf, beginning, folder, listState, problem, refreshRuns, runs, shown, watchDetails, watchList, watchShown } from './state';
import { l, whole } from './texts';
import './lab.css';

function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <CopyButton text={() => text} />
    </div>
  );
}

function Refused() {
  const [key, setKey] = useState('');
  const [wrong, setWrong] = useState('');
  async function signIn(event: Event) {
    event.preventDefault();
    try {
      await api.login(key.trim());
      await connect();
      await refreshRuns();
      if (listState.peek() === 'refused') setWrong(l('keyRefused'));
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      setWrong(refused ? l('keyRefused') : l('didNotWork', { message: messageOf(error) }));
    }
  }
  return (
    <div class="lab-empty">
      <h2>{l('refusedTitle')}</h2>
      <p>{l('refusedNote')}</p>
      <Command text="pioneer keys create NAME --admin" />
      <form class="fields" onSubmit={(event) => void signIn(event)}>
        <label class="field">
          <span>{l('key')}</span>
          <input type="password" autoComplete="current-password" required value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <p class="field-problem" role="alert">
          {wrong}
        </p>
        <div class="buttons">
          <button type="submit" class="button primary" disabled={!key.trim()}>
            {l('signIn')}
          </button>
        </div>
      </form>
    </div>
  );
}

function Empty() {
  return (
    <div class="lab-empty">
      <h2>{l('emptyTitle')}</h2>
      <p>{l('emptyNote')}</p>
      <Command text={`pioneer train RECIPE.toml --run ${folder.value}/first`} />
      <div class="buttons">
        <button type="button" class="button primary" onClick={() => (beginning.value = true)}>
          {l('newRun')}
        </button>
      </div>
    </div>
  );
}

function Body() {
  const state = listState.value;
  const some = shown.value.length > 0;
  if (state === 'refused') return <Refused />;
  if (state === 'failed') return <p class="lab-note" role="alert">{l('loadFailed', { message: problem.value })}</p>;
  if (state === 'loading') return <p class="lab-note late">{t('loading')}</p>;
  if (!runs.value.length) return <Empty />;
  return (
    <div class={`lab-body${some ? ' with-run' : ''}`}>
      <RunList />
      {some && <RunView />}
    </div>
  );
}

export function LabPane({ inert, sidebarOpen }: { inert: boolean; sidebarOpen: boolean }) {
  useEffect(() => watchList(), []);
  useEffect(() => watchShown(), []);
  useEffect(() => watchDetails(), []);
  useEffect(() => {
    document.title = `${[...shown.value, l('lab')].join(' · ')} · Pioneer`;
  });
  const back = isNarrow.value && shown.value.length > 0;
  return (
    <div class="pane lab" inert={inert}>
      <header class="topbar">
        {!sidebarOpen && (
          <button type="button" class="icon-button" aria-label={t('openSidebar')} title={t('openSidebar')} onClick={() => toggleSidebar(true)}>
            <SidebarIcon />
          </button>
        )}
        <h1>{l('lab')}</h1>
        {back && (
          <a class="button quiet" href={addressOf([])}>
            {l('back')}
          </a>
        )}
        <span class="space" />
        {listState.value === 'ready' && (
          <>
            <span class="run-facts lab-folder">{l('nRuns', { n: whole(runs.value.length), folder: folder.value })}</span>
            <button type="button" class="button with-icon" onClick={() => (beginning.value = true)}>
              <PlusIcon />
              {l('newRun')}
            </button>
          </>
        )}
      </header>
      <main class="lab-main" aria-label={l('lab')}>
        {!online.value && (
          <div class="banner" role="status">
            <span class="dot" />
            {t('offline')}
          </div>
        )}
        <Body />
      </main>
      {beginning.value && <BeginDialog onClose={() => (beginning.value = false)} />}
    </div>
  );
}

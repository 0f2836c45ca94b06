// The library: the sources that answers come from, how their reading goes, and for administrators the ways
// to change them.
import { useEffect, useState } from 'preact/hooks';
import { AskIcon, PlusIcon, SidebarIcon } from '../components/icons';
import { t } from '../i18n';
import { bytes, short, whole } from '../i18n/numbers';
import { newSearch } from '../state/chats';
import { online } from '../state/service';
import { toggleSidebar } from '../state/ui';
import { AddDialog } from './AddDialog';
import type { Library, Source } from './api';
import { RemoveDialog } from './RemoveDialog';
import { SourceRow } from './SourceRow';
import { adding, isAdministrator, library, libraryProblem, watchLibrary } from './state';
import { l } from './texts';
import './search.css';

function describeVectors({ done, total, in_graph }: NonNullable<Library['vectors']>) {
  const vectors = done < total ? `${short(done)} / ${short(total)}` : short(done);
  if (in_graph === null || in_graph >= done) return vectors;
  return l('vectorsJoining', { vectors, n: short(in_graph) });
}

function Totals({ found }: { found: Library }) {
  const facts: [string, string][] = [
    [l('documents'), whole(found.documents)],
    [l('passages'), short(found.passages)],
    [l('text'), bytes(found.text_bytes)],
    [l('stored'), bytes(found.stored_bytes)],
  ];
  if (found.vectors) facts.push([l('vectors'), describeVectors(found.vectors)]);
  return (
    <dl class="library-totals">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Empty() {
  return (
    <div class="library-empty">
      <h2>{l('emptyTitle')}</h2>
      <p>{l(isAdministrator.value ? 'emptyAdmin' : 'emptyVisitor')}</p>
      {isAdministrator.value && (
        <button type="button" class="button primary" onClick={() => (adding.value = true)}>
          {l('addFirst')}
        </button>
      )}
    </div>
  );
}

function Body({ remove }: { remove: (source: Source) => void }) {
  const found = library.value;
  if (libraryProblem.value && !found) {
    return (
      <p class="library-note" role="alert">
        {l('libraryFailed', { message: libraryProblem.value })}
      </p>
    );
  }
  if (!found) return <p class="library-note late">{t('loading')}</p>;
  if (!found.sources.length) return <Empty />;
  return (
    <div class="library-body">
      <Totals found={found} />
      {found.rereading && (
        <p class="library-note" role="status">
          {l('rereading', { done: whole(found.rereading.done), total: whole(found.rereading.total) })}
        </p>
      )}
      {found.vectors?.problem && (
        <p class="library-note" role="status">
          {l('noVectors', { message: found.vectors.problem })}
        </p>
      )}
      <ul class="source-list" aria-label={l('sources')}>
        {found.sources.map((source) => (
          <SourceRow key={source.id} source={source} remove={() => remove(source)} />
        ))}
      </ul>
      {!isAdministrator.value && <p class="library-note">{l('visitorsNote')}</p>}
    </div>
  );
}

export function LibraryPane({ inert, sidebarOpen }: { inert: boolean; sidebarOpen: boolean }) {
  const [removing, setRemoving] = useState<Source | null>(null);
  useEffect(() => watchLibrary(), []);
  useEffect(() => () => void (adding.value = false), []);
  useEffect(() => {
    document.title = `${l('library')} · Pioneer`;
  });
  return (
    <div class="pane library" inert={inert}>
      <header class="topbar">
        {!sidebarOpen && (
          <button type="button" class="icon-button" aria-label={t('openSidebar')} title={t('openSidebar')} onClick={() => toggleSidebar(true)}>
            <SidebarIcon />
          </button>
        )}
        <h1>{l('library')}</h1>
        <span class="space" />
        <button type="button" class="button quiet with-icon" aria-label={l('ask')} title={l('ask')} onClick={() => newSearch()}>
          <AskIcon />
          <span>{l('ask')}</span>
        </button>
        {isAdministrator.value && !!library.value?.sources.length && (
          <button type="button" class="button with-icon" onClick={() => (adding.value = true)}>
            <PlusIcon />
            {l('addSource')}
          </button>
        )}
      </header>
      <main class="library-main" aria-label={l('library')}>
        {!online.value && (
          <div class="banner" role="status">
            <span class="dot" />
            {t('offline')}
          </div>
        )}
        <Body remove={setRemoving} />
      </main>
      {adding.value && isAdministrator.value && <AddDialog onClose={() => (adding.value = false)} />}
      {removing && <RemoveDialog source={removing} onClose={() => setRemoving(null)} />}
    </div>
  );
}

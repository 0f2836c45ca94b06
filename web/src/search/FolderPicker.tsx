// Chooses a folder of the machine that runs the service: typed, or found by walking through the folders.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ArrowUpIcon, FolderIcon } from '../components/icons';
import { whole } from '../i18n/numbers';
import { noticeFailure } from '../state/service';
import { problemOf } from './failures';
import { searchApi, type Folders } from './api';
import { l } from './texts';

interface Props {
  path: string;
  choose: (path: string) => void;
  hint: string;
}

export function FolderPicker({ path, choose, hint }: Props) {
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [here, setHere] = useState<Folders | null>(null);
  const [problem, setProblem] = useState('');
  const ticket = useRef(0);

  async function look(at: string | null, walked: boolean) {
    const asked = ++ticket.current;
    try {
      const found = await searchApi.folders(at);
      if (asked !== ticket.current) return;
      setHere(found);
      setProblem('');
      if (walked) choose(found.path);
      if (walked) list.current?.parentElement?.querySelector('button')?.focus();
    } catch (error) {
      if (asked !== ticket.current || noticeFailure(error)) return;
      setProblem(problemOf(error));
    }
  }
  useEffect(() => void look(null, false), []);

  return (
    <div class="field">
      <label for={id}>{l('folder')}</label>
      <input
        id={id}
        type="text"
        required
        autoComplete="off"
        spellcheck={false}
        placeholder={here?.path ?? ''}
        value={path}
        onInput={(event) => choose(event.currentTarget.value)}
        onChange={(event) => event.currentTarget.value.trim() && void look(event.currentTarget.value.trim(), false)}
      />
      <small class="hint">{hint}</small>
      {here && (
        <div class="folders">
          <div class="folders-head">
            <button
              type="button"
              class="icon-button small"
              aria-label={l('up')}
              title={l('up')}
              disabled={here.parent === null}
              onClick={() => void look(here.parent, true)}
            >
              <ArrowUpIcon />
            </button>
            <span class="folders-path">{here.path}</span>
            {here.files > 0 && <span class="folders-files">{l('filesHere', { n: whole(here.files) })}</span>}
          </div>
          <ul ref={list} aria-label={l('folders')}>
            {here.folders.map((folder) => (
              <li key={folder.path}>
                <button type="button" onClick={() => void look(folder.path, true)}>
                  <FolderIcon />
                  <span>{folder.name}</span>
                </button>
              </li>
            ))}
            {!here.folders.length && <li class="hint">{l('noFolders')}</li>}
          </ul>
        </div>
      )}
      <p class="field-problem" role="alert">
        {problem}
      </p>
    </div>
  );
}

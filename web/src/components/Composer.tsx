// The box to write in. Enter sends, Shift+Enter breaks the line; Enter that ends a Korean or Japanese
// composition does neither.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { draft, reportFailure, setDraft, setSearching } from '../state/chats';
import { service } from '../state/service';
import type { ChatSession } from '../state/session';
import { setThinking, thinks } from '../state/thinking';
import { editing, focusComposer, isNarrow } from '../state/ui';
import { ArrowUpIcon, AskIcon, StopIcon, ThoughtIcon } from './icons';

export const isComposing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229;

/** Lets a text area grow with its text (up to the CSS max-height). */
export function fitHeight(area: HTMLTextAreaElement | null) {
  if (!area) return;
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight}px`;
}

function editLastQuestion(session: ChatSession): boolean {
  const last = session.path.peek().findLast((message) => message.role === 'user');
  if (!last || session.busy.peek()) return false;
  editing.value = last.id;
  return true;
}

/** Shown where there is something to be searched, or the chat searches already. */
function SearchSwitch({ session }: { session: ChatSession }) {
  const on = session.searches.value;
  if (!on && !service.value?.search) return null;
  return (
    <button
      type="button"
      class="composer-switch"
      aria-pressed={on}
      aria-label={t('searchSwitch')}
      title={on ? t('searchOn') : t('searchOff')}
      onClick={() => void setSearching(session, !on).catch(reportFailure)}
    >
      <AskIcon />
      <span>{t('searchSwitch')}</span>
    </button>
  );
}

/** Shown where the model can be asked to think, or not to. */
function ThinkingSwitch({ session }: { session: ChatSession }) {
  const on = thinks(session);
  if (on === null) return null;
  return (
    <button
      type="button"
      class="composer-switch"
      aria-pressed={on}
      aria-label={t('thinkingSwitch')}
      title={on ? t('thinkingOn') : t('thinkingOff')}
      onClick={() => void setThinking(session, !on).catch(reportFailure)}
    >
      <ThoughtIcon />
      <span>{t('thinkingSwitch')}</span>
    </button>
  );
}

interface Props {
  session: ChatSession;
  label?: string;
  placeholder?: string;
}

export function Composer({ session, label = t('messageLabel'), placeholder = t('messagePlaceholder') }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const busy = session.busy.value;
  const text = draft.value;
  const asked = focusComposer.value;

  useLayoutEffect(() => fitHeight(area.current), [text]);
  // Before the next key can come: an effect that waits for the paint would take the focus back from where
  // a quick Ctrl+K has just put it. On a phone, focus would open the keyboard over the page.
  useLayoutEffect(() => {
    if (asked || !isNarrow.peek()) area.current?.focus();
  }, [asked]);

  function send() {
    const content = draft.peek().trim();
    if (!content || session.busy.peek()) return;
    setDraft('');
    session.discardPending();
    void session.ask(content);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (isComposing(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'ArrowUp' && !draft.peek() && !event.shiftKey) {
      if (editLastQuestion(session)) event.preventDefault();
    }
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) area.current?.focus();
      }}
    >
      <textarea
        ref={area}
        id="message"
        rows={1}
        dir="auto"
        enterkeyhint="send"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <SearchSwitch session={session} />
      {!session.searches.value && <ThinkingSwitch session={session} />}
      {/* Keys, because one element that turns from "stop" to "submit" under a press would also send. */}
      {busy ? (
        <button
          key="stop"
          type="button"
          class="send stop"
          aria-label={t('stop')}
          title={t('stop')}
          onClick={() => {
            session.stop();
            area.current?.focus();
          }}
        >
          <StopIcon />
        </button>
      ) : (
        <button key="send" type="submit" class="send" aria-label={t('send')} title={t('send')} disabled={!text.trim()}>
          <ArrowUpIcon />
        </button>
      )}
    </form>
  );
}

// A question of the visitor: shown, edited in place (which makes a sibling), or not yet sent.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Message } from '../api';
import { t } from '../i18n';
import { draft, setDraft } from '../state/chats';
import type { ChatSession, Pending } from '../state/session';
import { editing, focusComposer } from '../state/ui';
import { fitHeight, isComposing } from './Composer';
import { CopyButton } from './CopyButton';
import { PencilIcon } from './icons';
import { Versions } from './Versions';
import { Waiting } from './AnswerView';

function EditBox({ message, session }: { message: Message; session: ChatSession }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(message.content);
  useLayoutEffect(() => fitHeight(area.current), [text]);
  useLayoutEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(text.length, text.length);
  }, []);

  function close() {
    editing.value = null;
    focusComposer.value += 1;
  }
  function send() {
    const content = text.trim();
    if (!content || session.busy.peek()) return;
    close();
    void session.ask(content, message.parent_id);
  }

  return (
    <form
      class="edit-box"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        dir="auto"
        aria-label={t('editLabel')}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (isComposing(event)) return;
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            send();
          } else if (event.key === 'Escape') {
            event.preventDefault();
            close();
          }
        }}
      />
      <div class="buttons">
        <button type="button" class="button" onClick={close}>
          {t('cancel')}
        </button>
        <button type="submit" class="button primary" disabled={!text.trim() || session.busy.value}>
          {t('resend')}
        </button>
      </div>
    </form>
  );
}

export function QuestionView({ message, session }: { message: Message; session: ChatSession }) {
  if (editing.value === message.id) {
    return (
      <article class="question editing" aria-label={t('you')}>
        <EditBox message={message} session={session} />
      </article>
    );
  }
  return (
    <article class="question" aria-label={t('you')}>
      <div class="bubble" dir="auto">
        {message.content}
      </div>
      <div class="actions">
        <CopyButton text={() => message.content} />
        <button
          type="button"
          class="icon-button small"
          aria-label={t('edit')}
          title={t('edit')}
          disabled={session.busy.value}
          onClick={() => (editing.value = message.id)}
        >
          <PencilIcon />
        </button>
        <Versions message={message} session={session} />
      </div>
    </article>
  );
}

export function PendingView({ pending, session }: { pending: Pending; session: ChatSession }) {
  const { content } = pending.question;
  function edit() {
    session.discardPending();
    if (content && !draft.peek()) setDraft(content);
    focusComposer.value += 1;
  }
  return (
    <>
      {content !== undefined && (
        <article class="question pending" aria-label={t('you')}>
          <div class="bubble" dir="auto">
            {content}
          </div>
        </article>
      )}
      {pending.error === null ? (
        <Waiting label={content === undefined ? t('waiting') : t('sending')} />
      ) : (
        <div class="failure" role="alert">
          <p>
            <strong>{t('notSent')}</strong> {pending.error}
          </p>
          <div class="buttons">
            <button type="button" class="button" onClick={edit}>
              {content === undefined ? t('cancel') : t('edit')}
            </button>
            <button type="button" class="button primary" onClick={() => void session.retry()}>
              {t('retry')}
            </button>
          </div>
        </div>
      )}
    </>
  );
}

// Asks for the API key when the service wants one.
import { useState } from 'preact/hooks';
import { ApiError, api } from '../api';
import { t } from '../i18n';
import { followAddress, reloadAll } from '../state/chats';
import { connect, loginNeeded, messageOf } from '../state/service';
import { Dialog } from './Dialog';

export function LoginDialog() {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  async function login(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      await api.login(key.trim());
      loginNeeded.value = false;
      await connect();
      followAddress();
      reloadAll();
    } catch (error) {
      const wrong = error instanceof ApiError && error.status === 401;
      setProblem(wrong ? t('loginWrong') : t('failed', { message: messageOf(error) }));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog title={t('loginTitle')}>
      <form class="fields" onSubmit={(event) => void login(event)}>
        <p class="hint">{t('loginHint')}</p>
        <label class="field">
          <span>{t('apiKey')}</span>
          <input
            type="password"
            autoComplete="current-password"
            autoFocus
            required
            value={key}
            aria-invalid={problem !== ''}
            aria-describedby="login-problem"
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <p id="login-problem" class="field-problem" role="alert">
          {problem}
        </p>
        <div class="buttons">
          <button type="submit" class="button primary" disabled={busy || !key.trim()}>
            {t('login')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

// Starts the page: language first, then the chat that the address names; Markdown is fetched meanwhile.
import { render } from 'preact';
import { App } from './components/App';
import { startLanguage } from './i18n';
import { followAddress, refreshList, restoreDraft } from './state/chats';
import { connect } from './state/service';
import './styles/tokens.css';
import './styles/base.css';
import './styles/sidebar.css';
import './styles/chat.css';
import './styles/markdown.css';
import './styles/overlays.css';

async function start() {
  await startLanguage();
  restoreDraft();
  render(<App />, document.getElementById('app')!);
  addEventListener('hashchange', followAddress);
  addEventListener('popstate', followAddress);
  if (!(await connect())) return;
  followAddress();
  void refreshList();
}

void start();

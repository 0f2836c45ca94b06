// Which dialog is open: the page has at most one, and the login above all.
import { current } from '../state/chats';
import { loginNeeded } from '../state/service';
import { dialog } from '../state/ui';
import { DeleteAllDialog } from './DeleteAllDialog';
import { HelpDialog } from './HelpDialog';
import { LoginDialog } from './LoginDialog';
import { PreferencesDialog } from './PreferencesDialog';
import { SettingsDialog } from './SettingsDialog';

const close = () => {
  dialog.value = null;
};

export function Dialogs() {
  if (loginNeeded.value) return <LoginDialog />;
  switch (dialog.value) {
    case 'help':
      return <HelpDialog onClose={close} />;
    case 'preferences':
      return <PreferencesDialog onClose={close} />;
    case 'settings':
      return <SettingsDialog session={current.value} onClose={close} />;
    case 'delete-all':
      return <DeleteAllDialog onClose={close} />;
    case null:
      return null;
  }
}

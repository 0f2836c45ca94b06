// The page's own icons: 20x20, drawn with one stroke width.
import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 20 20"
      width="20"
      height="20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

const path = (d: string) => () => (
  <Icon>
    <path d={d} />
  </Icon>
);

export const SidebarIcon = () => (
  <Icon>
    <rect x="3" y="4" width="14" height="12" rx="2.5" />
    <path d="M8 4v12" />
  </Icon>
);
export const PlusIcon = path('M10 4.5v11M4.5 10h11');
export const SearchIcon = () => (
  <Icon>
    <circle cx="9" cy="9" r="4.8" />
    <path d="m12.6 12.6 3.4 3.4" />
  </Icon>
);
export const CloseIcon = path('m5.5 5.5 9 9m0-9-9 9');
export const MoreIcon = () => (
  <svg class="icon" viewBox="0 0 20 20" width="20" height="20" fill="currentColor" aria-hidden="true">
    <circle cx="4.8" cy="10" r="1.4" />
    <circle cx="10" cy="10" r="1.4" />
    <circle cx="15.2" cy="10" r="1.4" />
  </svg>
);
export const PencilIcon = path('m4 16 .6-3 8.3-8.3a1.7 1.7 0 0 1 2.4 2.4L7 15.4z');
export const TrashIcon = path('M4.5 6h11M8 6V4.5h4V6m2.5 0-.6 9.5H6.1L5.5 6M8.5 9v4m3-4v4');
export const DownloadIcon = path('M10 4v8.5m0 0L6.5 9m3.5 3.5L13.5 9M4.5 16h11');
export const CopyIcon = () => (
  <Icon>
    <rect x="7.5" y="7.5" width="8.5" height="8.5" rx="2" />
    <path d="M12.5 7.5V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v4.5a2 2 0 0 0 2 2h1.5" />
  </Icon>
);
export const CurveIcon = path('M4 4v12h12M6.5 6.5c1.2 5.2 4.2 6.6 9.5 6.8');
export const CheckIcon = path('m4.5 10.5 3.7 3.7 7.3-8');
export const RefreshIcon = path('M15.8 8.5A6 6 0 1 0 16 11m0-6.5v4h-4');
export const ChevronDownIcon = path('m6 8 4 4 4-4');
export const ChevronLeftIcon = path('m12 5.5-4.5 4.5 4.5 4.5');
export const ChevronRightIcon = path('m8 5.5 4.5 4.5L8 14.5');
export const ArrowUpIcon = path('M10 15.5v-11m0 0L5.2 9.3M10 4.5l4.8 4.8');
export const ArrowDownIcon = path('M10 4.5v11m0 0 4.8-4.8M10 15.5l-4.8-4.8');
export const StopIcon = () => (
  <svg class="icon" viewBox="0 0 20 20" width="20" height="20" fill="currentColor" aria-hidden="true">
    <rect x="6" y="6" width="8" height="8" rx="1.8" />
  </svg>
);
export const SlidersIcon = () => (
  <Icon>
    <path d="M3.5 6.5h6m4.5 0h2.5M3.5 13.5H6m4.5 0h6" />
    <circle cx="11.7" cy="6.5" r="2" />
    <circle cx="8.2" cy="13.5" r="2" />
  </Icon>
);
export const GearIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="2.3" />
    <path d="M10 3v2m0 10v2m7-7h-2M5 10H3m11.950-4.950-1.4 1.4m-7.1 7.1-1.4 1.4m9.9 0-1.4-1.4m-7.1-7.1-1.4-1.4" />
  </Icon>
);
export const HelpIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="6.8" />
    <path d="M8 8.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.3v.2M10 13.7v.05" />
  </Icon>
);
export const ThoughtIcon = () => (
  <Icon>
    <path d="M10 3.2a5.2 5.2 0 0 0-2.9 9.5c.5.4.8.9.8 1.5h4.2c0-.6.3-1.1.8-1.5A5.2 5.2 0 0 0 10 3.2z" />
    <path d="M8.3 16.8h3.4" />
  </Icon>
);
export const ToolIcon = path(
  'M12.9 3.7A4.1 4.1 0 0 0 8 9l-4.2 4.2a1.7 1.7 0 0 0 0 2.4l.6.6a1.7 1.7 0 0 0 2.4 0L11 12a4.1 4.1 0 0 0 5.3-4.9l-2.4 2.4-2.6-.8-.8-2.6z',
);

/** A page, and a glass over it. */
export const AskIcon = () => (
  <Icon>
    <path d="M8.5 16.5H6A1.5 1.5 0 0 1 4.5 15V5A1.5 1.5 0 0 1 6 3.5h8A1.5 1.5 0 0 1 15.5 5v3M7.5 7h5M7.5 10h2" />
    <circle cx="13" cy="12.6" r="2.9" />
    <path d="m15.2 14.8 2 2" />
  </Icon>
);
export const LibraryIcon = path('M4.5 4v12M8 4v12M11.5 4.4l4 11.3M4.5 16H8');
export const FolderIcon = path('M3.5 6A1.5 1.5 0 0 1 5 4.5h3l2 2h5A1.5 1.5 0 0 1 16.5 8v6a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 14z');
export const SiteIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="6.5" />
    <path d="M3.5 10h13M10 3.5c4 4 4 9 0 13-4-4-4-9 0-13" />
  </Icon>
);
export const FeedIcon = () => (
  <Icon>
    <path d="M5 10a5 5 0 0 1 5 5M5 5.5A9.5 9.5 0 0 1 14.5 15" />
    <circle cx="5.6" cy="14.4" r=".6" fill="currentColor" />
  </Icon>
);
export const PageIcon = path('M6 3.5h5.5L15 7v8A1.5 1.5 0 0 1 13.5 16.5h-7A1.5 1.5 0 0 1 5 15V4.5A1 1 0 0 1 6 3.5zM11 3.5V7.5h4');
export const OpenIcon = path('M11.5 4.5h4v4m0-4-6 6M8.5 5.5H6A1.5 1.5 0 0 0 4.5 7v7A1.5 1.5 0 0 0 6 15.5h7a1.5 1.5 0 0 0 1.5-1.5v-2.5');
export const CalendarIcon = path('M5.5 5h9A1.5 1.5 0 0 1 16 6.5v8a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 4 14.5v-8A1.5 1.5 0 0 1 5.5 5zM4 8.5h12M7.5 3.5v3m5-3v3');
export const SpeechIcon = path('M4.5 15.5 8.3 5h.9L13 15.5M5.7 12.3h6.1M13.5 5.5h3m-1.5-1.5v1.5c0 1.8-.8 3-2 3.8');
export const WarningIcon = path('M10 4 3.5 15.5h13zM10 8.5v3M10 13.7v.05');

/** A north star over the horizon. */
export const Logo = ({ size = 28 }: { size?: number }) => (
  <svg class="logo" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
    <rect width="32" height="32" rx="9.5" fill="var(--logo)" />
    <path fill="#fff" d="M16 3.4c.8 5.6 2.6 7.4 8.2 8.2-5.6.8-7.4 2.6-8.2 8.2-.8-5.6-2.6-7.4-8.2-8.2 5.6-.8 7.4-2.6 8.2-8.2z" />
    <path fill="#5fc4b5" d="M.6 24.9C10 20.9 22 20.9 31.4 24.9A9.5 9.5 0 0 1 22.5 32h-13A9.5 9.5 0 0 1 .6 24.9z" />
  </svg>
);

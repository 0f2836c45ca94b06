// What the lab shares with the chat: one service, away or there.
export { ApiError } from '../api';
export { connect, messageOf, noticeFailure, service, whenOnline } from '../state/service';

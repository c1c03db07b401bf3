export { RealtimeAdapter } from './realtime.adapter';
export { SocketLine } from './socket-line';

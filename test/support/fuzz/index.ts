export { Fuzzer, type FuzzReport } from './fuzzer';

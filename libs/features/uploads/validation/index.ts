export { checkContent } from './content';
export type { ContentReader } from './content-reader';
export { checkDeclared, type Declaration, type TypePolicy } from './declared';
export type { FileKind } from './file-kind';
export { extensionOf, storedFileName } from './file-name';
export { KNOWN_EXTENSIONS, fileKindOf } from './kinds';
export { DEFAULT_CONTENT_LIMITS, type ContentLimits } from './limits';

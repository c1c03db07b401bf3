import { Injectable } from '@nestjs/common';
import { AppConfig, ConfigError } from '@waybill/platform/config';
import {
  checkDeclared,
  fileKindOf,
  KNOWN_EXTENSIONS,
  storedFileName,
  type Declaration,
  type TypePolicy,
} from './validation';

export type UploadCategory = 'document' | 'media';

export const MEDIA_KINDS = ['video', 'photo', 'camera'] as const;
/** What a medium is said to be; the API calls it `fileType`. A camera takes both photos and videos. */
export type MediaKind = (typeof MEDIA_KINDS)[number];

export function isMediaKind(value: unknown): value is MediaKind {
  return MEDIA_KINDS.some((kind) => kind === value);
}

/** What is said of a file before its first byte. A document has no media kind, and a medium has one. */
export type OfferedFile = Declaration &
  ({ category: 'document'; mediaKind: null } | { category: 'media'; mediaKind: MediaKind });

/** What will be stored of an offered file, and how large it may become. */
export interface AcceptedFile {
  fileName: string;
  /** Lower case, without the dot. */
  extension: string;
  mediaType: string;
  category: UploadCategory;
  /** The media kind; null for documents. */
  fileType: MediaKind | null;
  maxBytes: number;
}

/** What each door takes: the settings of documents and media, held against what Waybill knows how to check. */
@Injectable()
export class UploadPolicies {
  private readonly documents: TypePolicy;
  private readonly media: Record<MediaKind, TypePolicy>;

  constructor({ uploads }: AppConfig) {
    assertKnown('UPLOAD_DOCUMENT_TYPES', uploads.documents.extensions);
    assertKnown('UPLOAD_MEDIA_TYPES', uploads.media.extensions);
    assertPictures('UPLOAD_MEDIA_TYPES', uploads.media.extensions);
    this.documents = uploads.documents;
    this.media = {
      video: only(uploads.media, isVideo),
      photo: only(uploads.media, (extension) => !isVideo(extension)),
      camera: uploads.media,
    };
  }

  /** The largest file of a category, in bytes. */
  maxBytes(category: UploadCategory): number {
    return category === 'document' ? this.documents.maxBytes : this.media.camera.maxBytes;
  }

  /**
   * Judges what is declared. Throws `VALIDATION_FAILED`, `UNSUPPORTED_FILE_TYPE`, `CONTENT_MISMATCH` or
   * `FILE_TOO_LARGE`, as `checkDeclared` does.
   */
  accept(offered: OfferedFile): AcceptedFile {
    const policy = offered.category === 'document' ? this.documents : this.media[offered.mediaKind];
    return accepted(offered, policy, offered.category, offered.mediaKind);
  }

  /**
   * Judges a medium of which it is not yet said what it is: what no media kind takes is refused here, and what is said
   * later is to be asked of `accept`.
   */
  acceptAnyMedia(offered: Declaration): AcceptedFile {
    return accepted(offered, this.media.camera, 'media', null);
  }
}

function accepted(
  offered: Declaration,
  policy: TypePolicy,
  category: UploadCategory,
  fileType: MediaKind | null,
): AcceptedFile {
  const { extension, mediaType } = checkDeclared(offered, policy);
  const fileName = storedFileName(offered.fileName);
  return { fileName, extension, mediaType, category, fileType, maxBytes: policy.maxBytes };
}

function only(policy: TypePolicy, wanted: (extension: string) => boolean): TypePolicy {
  return { ...policy, extensions: policy.extensions.filter(wanted) };
}

function isVideo(extension: string): boolean {
  return fileKindOf(extension)!.mediaType.startsWith('video/');
}

/** A policy that names what we cannot check could only refuse it, and whoever wrote it would learn so from its users. */
function assertKnown(name: string, extensions: readonly string[]): void {
  const unknown = extensions.filter((extension) => !KNOWN_EXTENSIONS.includes(extension));
  if (unknown.length === 0) return;
  throw new ConfigError([
    `${name} has ${unknown.join(', ')}; what can be checked is ${KNOWN_EXTENSIONS.join(', ')}`,
  ]);
}

function assertPictures(name: string, extensions: readonly string[]): void {
  const others = extensions.filter((extension) => !/^(video|image)\//.test(fileKindOf(extension)!.mediaType));
  if (others.length > 0) throw new ConfigError([`${name} has ${others.join(', ')}, neither photo nor video`]);
}

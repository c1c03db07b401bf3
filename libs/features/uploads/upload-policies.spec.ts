import { AppConfig } from '@waybill/platform/config';
import { testEnvironment } from '../../../test/support/environment';
import { UploadPolicies, type MediaKind } from './upload-policies';

function policies(env: NodeJS.ProcessEnv = {}): UploadPolicies {
  return new UploadPolicies(new AppConfig({ ...testEnvironment(), ...env }));
}

const said = { declaredType: null, declaredSize: null };
const VIDEOS = ['mp4', 'mov', 'webm', 'mkv'];
const PHOTOS = ['jpg', 'jpeg', 'png', 'heic', 'webp'];
const taken: [MediaKind, string[]][] = [
  ['video', VIDEOS],
  ['photo', PHOTOS],
  ['camera', [...PHOTOS, ...VIDEOS]],
];

it.each(taken)('takes as a %s what is one, and nothing else', (mediaKind, extensions) => {
  const accepted = [...VIDEOS, ...PHOTOS, 'docx', 'html'].filter((extension) => {
    try {
      const file = policies().accept({
        ...said,
        category: 'media',
        mediaKind,
        fileName: `IMG.${extension.toUpperCase()}`,
      });
      expect(file).toMatchObject({ extension, fileType: mediaKind, category: 'media' });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'UNSUPPORTED_FILE_TYPE' });
      return false;
    }
  });
  expect(accepted.toSorted()).toEqual(extensions.toSorted());
});

it('takes documents by their own settings, whatever else is known', () => {
  const document = { ...said, category: 'document', mediaKind: null } as const;
  expect(policies().accept({ ...document, fileName: 'C:\\offers\\Offer.DOCX' })).toEqual({
    fileName: 'Offer.DOCX',
    extension: 'docx',
    mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    category: 'document',
    fileType: null,
    maxBytes: 100 * 1024 * 1024,
  });
  expect(() => policies().accept({ ...document, fileName: 'a.png' })).toThrow(/pptx, docx, xlsx/);
  const wider = policies({ UPLOAD_DOCUMENT_TYPES: 'PDF,png', UPLOAD_DOCUMENT_MAX_BYTES: '9' });
  expect(wider.accept({ ...document, fileName: 'a.png' })).toMatchObject({ extension: 'png', maxBytes: 9 });
});

it('holds name, declared type and declared size against each other', () => {
  const media = { category: 'media', mediaKind: 'photo', fileName: 'a.jpg' } as const;
  expect(() => policies().accept({ ...media, declaredType: 'video/mp4', declaredSize: null })).toThrow(
    expect.objectContaining({ code: 'CONTENT_MISMATCH' }),
  );
  expect(() =>
    policies().accept({ ...media, declaredType: 'image/jpeg', declaredSize: 500 * 1024 * 1024 + 1 }),
  ).toThrow(expect.objectContaining({ code: 'FILE_TOO_LARGE' }));
});

it('takes a medium of which nothing is said yet for anything that one can be', () => {
  expect(policies().acceptAnyMedia({ ...said, fileName: 'a.mkv' })).toMatchObject({ fileType: null });
  expect(() => policies().acceptAnyMedia({ ...said, fileName: 'a.html' })).toThrow(/Only files of these/);
});

it.each([
  ['UPLOAD_DOCUMENT_TYPES', 'docx,exe', /UPLOAD_DOCUMENT_TYPES has exe/],
  ['UPLOAD_MEDIA_TYPES', 'mp4,avi', /UPLOAD_MEDIA_TYPES has avi/],
  ['UPLOAD_MEDIA_TYPES', 'mp4,pdf', /UPLOAD_MEDIA_TYPES has pdf, neither photo nor video/],
])('does not start with %s=%s', (name, value, complaint) => {
  expect(() => policies({ [name]: value })).toThrow(complaint);
});

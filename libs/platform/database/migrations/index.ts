import { Foundation1763600000000 } from './1763600000000-foundation';
import { Accounts1763720000000 } from './1763720000000-accounts';
import { IdempotencyKeys1763730000000 } from './1763730000000-idempotency-keys';
import { FileGrants1763740000000 } from './1763740000000-file-grants';
import { ResumableUploads1763750000000 } from './1763750000000-resumable-uploads';
import { UploadLists1763760000000 } from './1763760000000-upload-lists';
import { Search1763770000000 } from './1763770000000-search';
import { ChatsAndGroups1763771000000 } from './1763771000000-chats-and-groups';
import { AuditLog1763790000000 } from './1763790000000-audit-log';
import { UploadSlots1763791000000 } from './1763791000000-upload-slots';
import { SealingDeaths1763796000000 } from './1763796000000-sealing-deaths';
import { Deliveries1763800000000 } from './1763800000000-deliveries';
import { OwnFeed1763810000000 } from './1763810000000-own-feed';
import { FileChecksums1763815000000 } from './1763815000000-file-checksums';
import { ExpiryWarnings1763820000000 } from './1763820000000-expiry-warnings';
import { Webhooks1763830000000 } from './1763830000000-webhooks';
import { StoreGenerations1763840000000 } from './1763840000000-store-generations';
import { DownloadMails1763841000000 } from './1763841000000-download-mails';
import { DepartedPreferences1763842000000 } from './1763842000000-departed-preferences';
import { SearchEras1763850000000 } from './1763850000000-search-eras';

/** Every migration, oldest first. */
export const MIGRATIONS = [
  Foundation1763600000000,
  Accounts1763720000000,
  IdempotencyKeys1763730000000,
  FileGrants1763740000000,
  ResumableUploads1763750000000,
  UploadLists1763760000000,
  Search1763770000000,
  ChatsAndGroups1763771000000,
  AuditLog1763790000000,
  UploadSlots1763791000000,
  SealingDeaths1763796000000,
  Deliveries1763800000000,
  OwnFeed1763810000000,
  FileChecksums1763815000000,
  ExpiryWarnings1763820000000,
  Webhooks1763830000000,
  StoreGenerations1763840000000,
  DownloadMails1763841000000,
  DepartedPreferences1763842000000,
  SearchEras1763850000000,
];

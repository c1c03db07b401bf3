import { CLIENT_BY_ADDRESS } from './file-grant.repository';

/**
 * What makes sealed files visible, in a statement that does more than that: CTEs named `file_…`, of which
 * `file_announced` has the events to be appended. Their objects are durable, held, and published by that statement.
 *
 * @param relation has for each file `file_id`, `owner_id`, `name`, `extension`, `media_type`, `category`, `file_type`,
 * `attributes` (`FileAttributes`), `size` (of plaintext), `sha256`, `object_key`, `object_version`, `wrapped_dek`,
 * `kek_id`, and ids for its events: `available_event` and `granted_events`, one for each recipient.
 */
export function publishFiles(relation: string): string {
  return `file_made AS (
      INSERT INTO files (id, owner_id, name, extension, media_type, category, file_type, title, description, tags,
                         visibility, expires_at, max_downloads, chat_id, group_id, size, sha256, object_key,
                         object_version, wrapped_dek, kek_id)
      SELECT file_id, owner_id, name, extension, media_type, category, file_type, attributes->>'title',
             attributes->>'description', ARRAY(SELECT jsonb_array_elements_text(attributes->'tags')),
             attributes->>'visibility', (attributes->>'expiresAt')::timestamptz, (attributes->>'maxDownloads')::int,
             attributes->>'chatId', attributes->>'groupId', size, sha256, object_key, object_version, wrapped_dek, kek_id
      FROM ${relation}
    ), file_granted AS (
      INSERT INTO file_grants (file_id, email, created_at, name, size)
      SELECT file_id, recipient::citext, now(), name, size
      FROM ${relation}, jsonb_array_elements_text(attributes->'recipients') recipient
      ON CONFLICT (file_id, email) DO NOTHING RETURNING file_id, email
    ), file_told AS (
      SELECT file_id, users.id AS user_id, row_number() OVER (PARTITION BY file_id ORDER BY users.id) AS nth
      FROM file_granted JOIN users ON users.email = file_granted.email AND ${CLIENT_BY_ADDRESS}
    ), file_announced AS (
      SELECT available_event AS event_id, 'file.available' AS type, owner_id AS actor_id, owner_id,
             file_id AS subject_id,
             jsonb_build_object('fileId', file_id, 'fileName', name, 'size', size,
                                'visibility', attributes->>'visibility') AS data
      FROM ${relation}
      UNION ALL
      SELECT granted_events[nth], 'file.granted', owner_id, user_id, file_id,
             jsonb_build_object('fileId', file_id, 'fileName', name, 'userId', user_id)
      FROM file_told JOIN ${relation} USING (file_id)
    )`;
}

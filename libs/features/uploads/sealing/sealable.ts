/** SQL for a condition on `uploads`: what may be sealed now. */
export const SEALABLE = `validated_at IS NOT NULL AND (
    (status = 'received' AND (retry_at IS NULL OR retry_at <= now())) OR (status = 'encrypting' AND lease_until < now()))`;

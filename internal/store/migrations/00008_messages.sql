-- +goose Up
-- When the provider was last called: whether it saw a message is decided by how
-- long ago that was (C3).
ALTER TABLE notices ADD COLUMN tried_at BIGINT NOT NULL DEFAULT 0;
UPDATE notices SET tried_at = updated_at WHERE state IN ('sending', 'unknown');

-- The receiver as it may be shown, once phone and address are forgotten.
ALTER TABLE notices ADD COLUMN receiver_masked TEXT NOT NULL DEFAULT '';
CREATE INDEX notices_unmasked ON notices (created_at) WHERE receiver_masked = '';
CREATE INDEX notices_masked ON notices (created_at) WHERE receiver_masked <> '';

-- Receipts name messages by the provider's id.
CREATE INDEX notices_provider ON notices (provider_id) WHERE provider_id <> '';

-- +goose Down
DROP INDEX notices_provider;
DROP INDEX notices_masked;
DROP INDEX notices_unmasked;
ALTER TABLE notices DROP COLUMN receiver_masked;
ALTER TABLE notices DROP COLUMN tried_at;

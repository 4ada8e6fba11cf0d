-- +goose Up
-- One open contact change per account (A6). It is about the account, which may hold
-- no subject.
CREATE UNIQUE INDEX jobs_open_contact ON jobs (source_account_id) WHERE kind IN ('contact_change', 'contact_papers')
  AND ended = 0 AND source_account_id <> '';
-- When a contact change last replaced the phone: older facts bring none back.
ALTER TABLE accounts ADD COLUMN phone_replaced_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE accounts DROP COLUMN phone_replaced_at;
DROP INDEX jobs_open_contact;

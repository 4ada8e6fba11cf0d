-- +goose Up
-- Papers are no longer the login reset's alone: every job that holds a key is
-- shredded in its time (L10). Transfers never hold one, and are many.
DROP INDEX jobs_keeping;
CREATE INDEX jobs_keeping ON jobs (state, ended_at) WHERE kind <> 'transfer' AND ended = 1 AND shredded_at = 0;

-- +goose Down
DROP INDEX jobs_keeping;
CREATE INDEX jobs_keeping ON jobs (state, ended_at) WHERE kind = 'login_reset' AND ended = 1 AND shredded_at = 0;

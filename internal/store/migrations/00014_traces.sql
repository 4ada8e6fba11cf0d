-- +goose Up
-- The trace of the request that caused a task (W3C Trace Context, ADR 27).
ALTER TABLE outbox ADD COLUMN trace TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE outbox DROP COLUMN trace;

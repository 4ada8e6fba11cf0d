-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER timeline_keeps_rows BEFORE UPDATE ON timeline
BEGIN SELECT RAISE(ABORT, 'the timeline is append-only (A7)'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER timeline_loses_nothing BEFORE DELETE ON timeline
BEGIN SELECT RAISE(ABORT, 'the timeline is append-only (A7)'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_keeps_rows BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit journal is append-only (A7)'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_loses_nothing BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit journal is append-only (A7)'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER audit_loses_nothing;
DROP TRIGGER audit_keeps_rows;
DROP TRIGGER timeline_loses_nothing;
DROP TRIGGER timeline_keeps_rows;

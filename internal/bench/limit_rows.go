package bench

import (
	"strconv"
	"strings"
	"time"
)

// statement is one insert of a transfer's rows.
type statement struct {
	text string
	args []any
}

// transferRows are what one accepted transfer writes, in sizes as they occur: the
// job, its first event, four messages (the code, the three warnings of A8), their
// four tasks and the expiry, the code, two limits and the idempotency key.
func transferRows(id string) []statement {
	now := time.Now().UnixMilli()
	digest := strings.ReplaceAll(id, "-", "")
	sealed, hash := make([]byte, 64), make([]byte, 32)
	const facts = `{"source":"giv***@bench.example.com","target":"tak***@bench.example.com","subject":"李*","icp":"京ICP备20240011号",` +
		`"domains":["notes20240011.example.com"],"websites":1,"records":2,"foreign":0,"code_to":"136 **** 9101"}`
	const answer = `{"receipt":"TR8F4KQX7M","state":"source_verify","version":1}`
	notices, outbox := messages(id, digest, now)
	return []statement{
		{`INSERT INTO jobs (id, receipt, kind, state, version, subject_id, source_account_id, target_account_id, lang, facts, events, head,
		  tracking_index, veto_index, expires_at, created_at, updated_at) VALUES ($1,$1,'transfer','source_verify',1,$1,$1,$1,'zh-CN',$2,1,$3,$4,$4,$5,$5,$5)`,
			[]any{id, facts, hash, digest, now}},
		{`INSERT INTO timeline (job_id, seq, at, actor_kind, actor_id, what, from_state, to_state, note, prev, hash)
		  VALUES ($1,1,$2,'source',$1,'submitted','','source_verify','',$3,$3)`, []any{id, now, hash}},
		{`INSERT INTO notices (id, job_id, channel, template, purpose, code_id, lang, receiver_sealed, receiver_index, params, state, created_at, updated_at)
		  VALUES ` + places(len(notices)/13, 13), notices},
		{`INSERT INTO outbox (id, queue, type, ref, state, not_before, created_at) VALUES ` + places(len(outbox)/7, 7), outbox},
		{`INSERT INTO codes (id, job_id, purpose, phone_sealed, tries, created_at, expires_at, sent_at, used_at)
		  VALUES ($1,$1,'transfer_give',$2,0,$3,$3,$3,0)`, []any{id, sealed, now}},
		{`INSERT INTO limits (name, key, free_at) VALUES ('precheck', $1, $2), ('submit', $1, $2)`, []any{digest, now}},
		{`INSERT INTO idempotency (scope, key, fingerprint, answer, created_at) VALUES ($1,$1,$2,$3,$4)`,
			[]any{id, digest + digest, answer, now}},
	}
}

// messages are the arguments of the notices and of the outbox rows.
func messages(id, digest string, now int64) (notices, outbox []any) {
	const params = `{"icp":"京ICP备20240011号","receipt":"TR8F4KQX7M","target":"tak***@bench.example.com"}`
	for _, m := range []struct{ channel, template, purpose, code string }{
		{"sms", "code", "transfer_give", id}, {"sms", "transfer_submitted", "", ""},
		{"mail", "transfer_submitted", "", ""}, {"sms", "transfer_submitted", "", ""},
	} {
		part := strconv.Itoa(len(notices))
		notices = append(notices, id+part, id, m.channel, m.template, m.purpose, m.code, "zh-CN", make([]byte, 64), digest+part,
			params, "waiting", now, now)
		outbox = append(outbox, "notice."+digest+part+".send", "notify", "notice:send", id+part, "waiting", now, now)
	}
	return notices, append(outbox, "transfer."+id+".expire_verify", "account", "transfer:expire_verify", id, "waiting", now, now)
}

// places writes "($1,$2),($3,$4)" for rows of a width.
func places(rows, width int) string {
	var b strings.Builder
	for n := range rows * width {
		switch {
		case n == 0:
			b.WriteByte('(')
		case n%width == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		b.WriteString("$" + strconv.Itoa(n+1))
	}
	return b.String() + ")"
}

package worker_test

// unsound lists what must never be found among resets that took effect, as SQL
// over the record (queue.md, Invariants): each query counts breaches of a promise.
func unsound() map[string]string {
	const executed = `FROM jobs j JOIN timeline e ON e.job_id = j.id AND e.what = 'applied' `
	return map[string]string{
		"effects more than once":            `SELECT count(*) FROM (SELECT job_id FROM timeline WHERE what = 'applied' GROUP BY job_id HAVING count(*) > 1) x`,
		"executed, and the job is not done": `SELECT count(*) ` + executed + `WHERE j.kind = 'login_reset' AND j.state <> 'done'`,
		"executed without a settled approval": `SELECT count(*) ` + executed + `WHERE j.kind = 'login_reset' AND NOT EXISTS
		  (SELECT 1 FROM decisions d WHERE d.job_id = j.id AND d.verdict = 'approve' AND d.settled > 0 AND d.undone = 0 AND d.settled <= e.at)`,
		"executed with fewer people than were needed (L9)": `SELECT count(*) ` + executed + `JOIN reviews r ON r.job_id = j.id
		  WHERE r.needs_two = 1 AND (SELECT count(DISTINCT d.staff_id) FROM decisions d WHERE d.job_id = j.id AND d.verdict = 'approve'
		    AND d.settled > 0 AND d.undone = 0 AND d.settled <= e.at) < 2`,
		"an organisation with one approval (L9)": `SELECT count(*) ` + executed + `JOIN reviews r ON r.job_id = j.id
		  WHERE r.nature = 'organisation' AND r.needs_two = 0`,
		"executed although a refusal was settled after the last approval": `SELECT count(*) ` + executed + `WHERE j.kind = 'login_reset' AND EXISTS
		  (SELECT 1 FROM decisions d WHERE d.job_id = j.id AND d.verdict = 'reject' AND d.settled > (SELECT max(a.settled) FROM decisions a
		    WHERE a.job_id = j.id AND a.verdict = 'approve' AND a.undone = 0))`,
		"executed after a veto that nobody lifted": `SELECT count(*) ` + executed + `WHERE j.kind = 'login_reset' AND
		  (SELECT count(*) FROM timeline d WHERE d.job_id = j.id AND d.what = 'disputed' AND d.seq < e.seq) >
		  (SELECT count(*) FROM timeline l WHERE l.job_id = j.id AND l.what = 'released' AND l.seq < e.seq)`,
		"executed after the applicant withdrew": `SELECT count(*) ` + executed + `WHERE j.kind = 'login_reset' AND EXISTS
		  (SELECT 1 FROM timeline w WHERE w.job_id = j.id AND w.what IN ('cancelled', 'expired'))`,
		"executed, and no old channel was warned at submission (A8)": `SELECT count(*) ` + executed + `WHERE j.kind = 'login_reset' AND
		  NOT EXISTS (SELECT 1 FROM notices n WHERE n.job_id = j.id AND n.template = 'reset_submitted' AND n.created_at <= e.at)`,
		"executed, and not all that were warned were told of the approval (A8)": `SELECT count(*) ` + executed + `WHERE j.kind = 'login_reset' AND
		  (SELECT count(*) FROM notices n WHERE n.job_id = j.id AND n.template = 'reset_approved' AND n.created_at <= e.at) <
		  (SELECT count(*) FROM notices n WHERE n.job_id = j.id AND n.template = 'reset_submitted')`,
		"open reviews of jobs that ended": `SELECT count(*) FROM reviews r JOIN jobs j ON j.id = r.job_id WHERE r.ended = 0 AND j.ended = 1`,
		"claims of decided reviews":       `SELECT count(*) FROM reviews WHERE ended = 1 AND holder <> ''`,
	}
}

// sound counts all of them.
func (h *house) sound() {
	h.t.Helper()
	for what, query := range unsound() {
		if n := h.number(query); n != 0 {
			h.t.Errorf("%s: %d", what, n)
		}
	}
}

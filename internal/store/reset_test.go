package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/tasks"
)

func must[T any](t testing.TB, parse func(string) (T, error), text string) T {
	t.Helper()
	v, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// told is the dossier of the n-th made-up citizen.
func told(t testing.TB, n int) tasks.Dossier {
	t.Helper()
	certificate := func(number string) (filing.Certificate, error) {
		return filing.ParseCertificate(filing.CertificateIDCard, number)
	}
	return tasks.Dossier{Nature: filing.NatureIndividual, Principal: true, SubjectName: "王小明", Applicant: "王小明",
		Certificate: must(t, certificate, citizen(n)), ICPNumber: must(t, filing.ParseICPNumber, fmt.Sprintf("京ICP备%d号", 10_000_000+n)),
		Phone: must(t, filing.ParsePhone, fmt.Sprintf("137%08d", n)), NewEmail: must(t, filing.ParseEmail, fmt.Sprintf("new%d@example.com", n)),
		OldLogin: "旧邮箱", Reason: "staff_left", Remark: "员工离职，邮箱无法登录"}
}

// inTx runs fn in a transaction that must commit.
func inTx(t testing.TB, s *Store, fn func(x *tx) error) {
	t.Helper()
	if err := s.update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// drafted records a login reset as a draft with its dossier.
func drafted(t testing.TB, s *Store, id string, d tasks.Dossier) *tasks.Job {
	t.Helper()
	facts, err := json.Marshal(tasks.CaseFacts{Nature: d.Nature, Principal: d.Principal, Subject: filing.MaskPersonName(d.SubjectName)})
	if err != nil {
		t.Fatal(err)
	}
	job := &tasks.Job{ID: id, Receipt: "LR-" + id, Kind: tasks.KindReset, State: tasks.StateDraft, Lang: "zh-CN", Facts: facts}
	inTx(t, s, func(x *tx) error {
		job.Version, job.Events, job.Head, job.CreatedAt = 0, 0, nil, x.Now()
		if err := x.SaveDossier(t.Context(), id, d); err != nil {
			return err
		}
		return x.Record(t.Context(), job, tasks.Change{Events: []tasks.Event{{JobID: id, Actor: tasks.System(), What: tasks.WhatDrafted}}}, nil)
	})
	return job
}

// goes moves a job to a state with an event.
func goes(t testing.TB, s *Store, job *tasks.Job, to tasks.State, what tasks.What) {
	t.Helper()
	before := *job
	inTx(t, s, func(x *tx) error {
		*job = before
		job.State = to
		if to.Ended() {
			job.EndedAt = x.Now()
		}
		return x.Record(t.Context(), job, tasks.Change{Events: []tasks.Event{{JobID: job.ID, Actor: tasks.System(), What: what, To: to}}}, nil)
	})
}

// submitted hands a draft in for a subject.
func submitted(t testing.TB, s *Store, id string, d tasks.Dossier, account, subject string) *tasks.Job {
	t.Helper()
	job := drafted(t, s, id, d)
	job.SubjectID, job.SourceAccountID = subject, account
	goes(t, s, job, tasks.StateQueued, tasks.WhatSubmitted)
	return job
}

// citizens imports the accounts, subjects and websites of n citizens: A0, S0,
// a0@example.com, 138 00000000, w0-1.example.com …
func citizens(t testing.TB, s *Store, n int) {
	t.Helper()
	f := &filings{n: n}
	var lines []string
	for i := range 4 * n {
		lines = append(lines, string(f.line(i)))
	}
	mustTakeIn(t, s, lines...)
}

func TestL10ADossierIsSealedWithTheJobsOwnKey(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		want := told(t, 1)
		job := drafted(t, s, "j1", want)
		read := func() (d tasks.Dossier, err error) {
			err = s.View(t.Context(), func(x tasks.Tx) (err error) {
				d, err = x.Dossier(t.Context(), job.ID)
				return err
			})
			return d, err
		}
		if got, err := read(); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read back %v, %v", got, err)
		}
		company := tasks.Dossier{Nature: filing.NatureOrganisation, SubjectName: "星河科技有限公司", Applicant: "李四",
			Certificate: must(t, func(n string) (filing.Certificate, error) {
				return filing.ParseCertificate(filing.CertificateCreditCode, n)
			}, companyID),
			ApplicantID: must(t, filing.ParseIDNumber, personID), Domain: must(t, filing.ParseDomain, "xinghe.example.com"),
			Phone: want.Phone, NewEmail: want.NewEmail, Reason: "other"}
		inTx(t, s, func(x *tx) error { return x.SaveDossier(t.Context(), job.ID, company) })
		if got, err := read(); err != nil || !reflect.DeepEqual(got, company) {
			t.Fatalf("read back %v, %v", got, err)
		}
		if count(t, s, `SELECT count(*) FROM job_keys`) != 1 {
			t.Error("a second dossier made a second key")
		}
		mustRun(t, s, `DELETE FROM job_keys`)
		if got, err := read(); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("without its key it opened as %v, %v", got, err)
		}
	})
}

func TestAnotherStoreSealsWithAJobsKeyAndLosesItWithTheJobs(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		drafted(t, s, "j1", told(t, 1))
		drafted(t, s, "j2", told(t, 2))
		sealed, err := s.SealFor(t.Context(), "j1", "blobs|d.1", []byte("picture"))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := s.OpenFor(t.Context(), "j1", "blobs|d.1", sealed); err != nil || string(plain) != "picture" {
			t.Errorf("opened %q, %v", plain, err)
		}
		for _, c := range [][2]string{{"j2", "blobs|d.1"}, {"j1", "blobs|d.2"}} {
			if plain, err := s.OpenFor(t.Context(), c[0], c[1], sealed); err == nil {
				t.Errorf("%v opened %q", c, plain)
			}
		}
		mustRun(t, s, `DELETE FROM job_keys WHERE job_id = 'j1'`)
		if _, err := s.OpenFor(t.Context(), "j1", "blobs|d.1", sealed); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("without the key: %v", err)
		}
		if _, err := s.SealFor(t.Context(), "nobody", "blobs|d.1", nil); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("a job without a key: %v", err)
		}
	})
}

func related(t *testing.T, s *Store, job *tasks.Job) []string {
	t.Helper()
	var out []string
	err := s.View(t.Context(), func(x tasks.Tx) error {
		rows, err := x.Related(t.Context(), *job)
		for _, r := range rows {
			if time.Since(r.At) > time.Hour {
				t.Errorf("%s is from %s", r.Receipt, r.At)
			}
			out = append(out, r.Receipt+" "+r.By+" "+string(r.State))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestV5RelatedJobsShareSubjectPhoneMailboxOrPicture(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		other := told(t, 2)
		other.Phone = told(t, 1).Phone
		submitted(t, s, "j1", other, "a2", "s2")
		other = told(t, 3)
		other.NewEmail = told(t, 1).NewEmail
		submitted(t, s, "j2", other, "a3", "s3")
		goes(t, s, submitted(t, s, "j3", told(t, 4), "a1", "s1"), tasks.StateWithdrawn, tasks.WhatCancelled)
		submitted(t, s, "j4", told(t, 5), "a5", "s5")
		addDocument(t, s, document("d4", "j4"))
		submitted(t, s, "j5", told(t, 6), "a6", "s6") // shares nothing
		drafted(t, s, "j6", told(t, 1))               // the same person's own draft
		stranger := told(t, 7)
		stranger.Phone = told(t, 1).Phone
		drafted(t, s, "j7", stranger) // one phone, another subject
		for i, at := range []string{"j1", "j2", "j3", "j4", "j7"} {
			mustRun(t, s, `UPDATE jobs SET created_at = created_at - $1 WHERE id = $2`, (9-i)*1000, at)
		}
		job := submitted(t, s, "me", told(t, 1), "a1", "s1")
		addDocument(t, s, document("me", "me"))
		want := []string{"LR-j7 phone draft", "LR-j4 picture queued", "LR-j3 subject withdrawn", "LR-j2 email queued", "LR-j1 phone queued"}
		if diff := cmp.Diff(want, related(t, s, job)); diff != "" {
			t.Error(diff)
		}
		mustRun(t, s, `UPDATE jobs SET created_at = created_at - $1 WHERE id <> 'me'`, (366 * 24 * time.Hour).Milliseconds())
		if got := related(t, s, job); len(got) > 0 {
			t.Errorf("from over a year ago: %v", got)
		}
	})
}

// atOnce runs fn n times at the same time and returns every error.
func atOnce(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = fn(i) })
	}
	group.Wait()
	return errs
}

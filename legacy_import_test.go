package main

import (
	"bytes"
	"errors"
	"image/jpeg"
	"testing"
	"time"

	"beian/config"
	"beian/internal/filing"
	"beian/internal/legacy/legacytest"
	"beian/tasks"
)

// simulated is an office in development beside its made-up legacy platform.
func simulated(t *testing.T) *office {
	t.Helper()
	cfg, err := config.FromEnv([]string{"BEIAN_ENV=development", "BEIAN_DATA_DIR=" + t.TempDir(), "BEIAN_LOG_LEVEL=error"})
	if err != nil {
		t.Fatal(err)
	}
	s := session{program: program{err: t.Output()}, cfg: cfg, clock: clock{began: time.Now(), start: time.Now(), speed: 1, wall: time.Now}}
	sim, err := standIn(&s)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sim.run(t.Context()) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Errorf("the simulator ended: %v", err)
		}
	})
	o, err := openOffice(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	if _, err := o.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(o.ready(t.Context()), o.seed(t.Context())); err != nil {
		t.Fatal(err)
	}
	return o
}

// works carries out what is due on the accounts' queue until a job is in a state.
func (o *office) works(t *testing.T, receipt string, want tasks.State) tasks.View {
	t.Helper()
	for range 500 {
		v, err := o.desk.Look(t.Context(), receipt, tasks.Viewer{System: true})
		if err != nil {
			t.Fatal(err)
		}
		if v.Job.State == want {
			return v
		}
		due, err := o.store.TakeOutgoing(t.Context(), tasks.QueueAccount, 50, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range due {
			var again *tasks.Again
			if err := o.desk.Work(t.Context(), task.TaskRef); err != nil && !errors.As(err, &again) {
				t.Fatal(err)
			}
		}
	}
	t.Fatalf("the job never came to %s", want)
	return tasks.View{}
}

// A whole legacy import through the real connector, the protocol, the examination in
// a child process and the cabinet (I1, I5, I8).
func TestAWiredOfficeImportsALegacyAccountWithItsPictures(t *testing.T) {
	t.Parallel()
	o := simulated(t)
	wang, err := o.accountOf(t, "wang@example.com")
	if err != nil {
		t.Fatal(err)
	}
	acc, err := o.desk.Submit(t.Context(), tasks.Submission{Kind: tasks.KindLegacy, AccountID: wang, Lang: "zh-CN",
		Once:   tasks.Once{Scope: "test", Key: "1", Fingerprint: "f"},
		Fields: map[string]string{tasks.FieldLegacyLogin: "wang-2009", tasks.FieldLegacyPassword: legacytest.Password, tasks.FieldConsent: "yes"}})
	if err != nil {
		t.Fatal(err)
	}
	v := o.works(t, acc.Receipt, tasks.StateDiff)
	_, err = o.desk.Act(t.Context(), tasks.Action{Receipt: acc.Receipt, Verb: tasks.VerbConfirm, By: tasks.Viewer{AccountID: wang},
		Fields: map[string]string{tasks.FieldConsent: "yes"}, Once: tasks.Once{Scope: "test", Key: "2", Fingerprint: "f"}})
	if err != nil {
		t.Fatalf("%v: %+v", err, v.Legacy.Items)
	}
	v = o.works(t, acc.Receipt, tasks.StateDone)
	pictures := 0
	for _, item := range v.Legacy.Items {
		if item.State != tasks.LegacyImported {
			t.Errorf("%s %s is %s: %s", item.Kind, item.Title, item.State, item.Code)
		}
		if item.Kind != tasks.LegacyPicture {
			continue
		}
		pictures++
		picture, err := o.cabinet.Picture(t.Context(), v.Job.ID, item.HereID+".1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(picture)); err != nil {
			t.Errorf("%s is no picture: %v", item.Title, err)
		}
	}
	holder, err := o.desk.Holder(t.Context(), wang)
	if err != nil || len(holder.Subjects) != 1 || len(holder.Subjects[0].Websites) != 3 || holder.Subjects[0].Records != pictures || pictures == 0 {
		t.Errorf("%+v with %d pictures, %v", holder.Subjects, pictures, err)
	}
}

func (o *office) accountOf(t *testing.T, login string) (id string, err error) {
	t.Helper()
	mail, err := filing.ParseEmail(login)
	if err != nil {
		return "", err
	}
	err = o.store.View(t.Context(), func(tx tasks.Tx) error {
		p, err := tx.Party(t.Context(), tasks.AccountRef{Login: mail})
		id = p.Account.ID
		return err
	})
	return id, err
}

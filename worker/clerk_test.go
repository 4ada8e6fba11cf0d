package worker_test

import (
	"context"
	"fmt"

	"beian/internal/store"
	"beian/internal/vault"
	"beian/tasks"
)

// clerk asks the desk as people would.
type clerk struct {
	store *store.Store
	vault *vault.Vault
	desk  *tasks.Desk
}

func (c clerk) accountID(ctx context.Context, externalID string) (id string, err error) {
	err = c.store.View(ctx, func(tx tasks.Tx) error {
		p, err := tx.Party(ctx, tasks.AccountRef{ExternalID: externalID})
		id = p.Account.ID
		return err
	})
	return id, err
}

func key(text string) tasks.Once {
	return tasks.Once{Scope: "test", Key: text, Fingerprint: tasks.Fingerprint(map[string]string{"key": text})}
}

// submission is transfer i, from A<i> to B<i>.
func (c clerk) submission(ctx context.Context, i int) (tasks.Submission, error) {
	account, err := c.accountID(ctx, fmt.Sprintf("A%d", i))
	return tasks.Submission{Kind: tasks.KindTransfer, AccountID: account, Lang: "zh-CN", Once: key(fmt.Sprintf("submit-%d", i)),
		Fields: map[string]string{tasks.FieldTarget: fmt.Sprintf("B%d", i), tasks.FieldPhone4: fmt.Sprintf("%04d", i), tasks.FieldConsent: "yes"},
	}, err
}

func (c clerk) submit(ctx context.Context, i int) (receipt string, err error) {
	s, err := c.submission(ctx, i)
	if err != nil {
		return "", err
	}
	acc, err := c.desk.Submit(ctx, s)
	return acc.Receipt, err
}

// job reads a job as the system.
func (c clerk) job(ctx context.Context, receipt string) (job tasks.Job, err error) {
	err = c.store.View(ctx, func(tx tasks.Tx) error {
		job, err = tx.Job(ctx, receipt, tasks.Viewer{System: true})
		return err
	})
	return job, err
}

// code is what the source's principal would read on its phone.
func (c clerk) code(ctx context.Context, job tasks.Job) (digits string, err error) {
	err = c.store.View(ctx, func(tx tasks.Tx) error {
		code, err := tx.Code(ctx, job.ID, tasks.PurposeGive)
		digits = c.vault.Digits(code.ID)
		return err
	})
	return digits, err
}

func (c clerk) verify(ctx context.Context, receipt string) error {
	job, err := c.job(ctx, receipt)
	if err != nil {
		return err
	}
	digits, err := c.code(ctx, job)
	if err != nil {
		return err
	}
	_, err = c.desk.Act(ctx, tasks.Action{Receipt: receipt, Verb: tasks.VerbVerify, By: tasks.Viewer{AccountID: job.SourceAccountID},
		Fields: map[string]string{tasks.FieldCode: digits}, Once: key("verify-" + receipt)})
	return err
}

// carry submits and verifies a transfer.
func (c clerk) carry(ctx context.Context, i int) (receipt string, err error) {
	if receipt, err = c.submit(ctx, i); err != nil {
		return "", err
	}
	return receipt, c.verify(ctx, receipt)
}
